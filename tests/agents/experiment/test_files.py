"""Files are complete or absent, and a folder belongs to one process."""

import multiprocessing
from pathlib import Path

import pytest

from memorl.agents.experiment import lock_folder, make_folder, replace_file


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path = tmp_path / "file"
    path.symlink_to(victim)
    (tmp_path / "file.tmp").symlink_to(victim)
    with replace_file(path) as file:
        file.write(b"new")
    assert victim.read_text() == "precious"
    assert not path.is_symlink()
    assert path.read_bytes() == b"new"


def test_what_cannot_be_written_leaves_everything_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write_half() -> None:
        with replace_file(path) as file:
            file.write(b"half of it")
            raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def _try_to_lock(folder: Path, answers: "multiprocessing.Queue[str]") -> None:
    try:
        with lock_folder(folder):
            answers.put("locked")
    except ValueError as error:
        answers.put(str(error))


def test_a_folder_belongs_to_one_process(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    answers: multiprocessing.Queue[str] = context.Queue()

    def ask() -> str:
        process = context.Process(target=_try_to_lock, args=(tmp_path, answers))
        process.start()
        answer = answers.get(timeout=60)
        process.join()
        return answer

    with lock_folder(tmp_path):
        assert ask() == f"{tmp_path} is in use by another process; a run can go on once at a time"
    assert ask() == "locked"


def test_two_runs_of_one_second_both_run(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert [make_folder(folder, is_named=False).name for _ in range(3)] == ["run", "run-1", "run-2"]
    with pytest.raises(FileExistsError):
        make_folder(folder, is_named=True)
