"""Memory that runs out, or a disk that is full, ends a run in one line and leaves a checkpoint."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from memorl.agents import Rollout
from memorl.agents.experiment import CheckpointError, Run, errors, exit_on_error, load_checkpoint, train_run
from memorl.agents.experiment.origin import is_unforeseen
from tests.support.runs import composed, small

ERRORS: dict[str, Callable[[], Any]] = {
    "cuda": lambda: (_ for _ in ()).throw(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")),
    "numpy": lambda: (_ for _ in ()).throw(MemoryError("Unable to allocate 8 GiB")),
    "allocator": lambda: torch.empty(1 << 60),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_memory_that_runs_out_leaves_a_checkpoint_and_a_line(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "is_of_user_code", lambda error: False)  # which this file is
    run = Run(composed(*small(), "total_steps=100000", "checkpoint_every=1000000", "run_dir=none"))
    update = run.agent.update

    def update_twice(rollout: Rollout) -> dict[str, float]:
        if run.updates == 2:
            ERRORS[kind]()
        return update(rollout)

    run.agent.update = update_twice  # type: ignore[method-assign]
    with pytest.raises(SystemExit) as raised, exit_on_error():
        train_run(run, tmp_path)
    assert raised.value.code == 1
    (saved,) = (tmp_path / "checkpoints").glob("step-*.pt")
    content = load_checkpoint(saved)
    assert content["updates"] == content["metrics"]["rows"] == 2
    out, err = capsys.readouterr()
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert f"stopped by an error; go on with: python train.py resume={tmp_path}\n" in out


def test_a_table_that_cannot_be_written_names_the_last_checkpoint(tmp_path: Path) -> None:
    run = Run(composed(*small(), "total_steps=100000", "checkpoint_every=1", "run_dir=none"))
    update = run.agent.update

    def update_twice(rollout: Rollout) -> dict[str, float]:
        if run.updates == 2:
            (tmp_path / "metrics.csv").unlink()
            (tmp_path / "metrics.csv").mkdir()
        return update(rollout)

    run.agent.update = update_twice  # type: ignore[method-assign]
    with pytest.raises(
        CheckpointError, match=r"metrics\.csv cannot be written: .*; the last good checkpoint is .*step-"
    ):
        train_run(run, tmp_path)


@pytest.mark.parametrize(
    ("line", "is_bug"),
    [
        ("int('x')", True),
        ("first, second = [1]", True),
        ("raise ValueError('n is 3; it must be 2')", False),
        ("raise ValueError(\n    'n is 3; '\n    'it must be 2'\n)", False),
        ("open('/no/such/file')", False),
        ("__import__('json').loads('[')", False),
    ],
)
def test_what_this_library_did_not_mean_to_raise_is_a_bug(line: str, is_bug: bool, tmp_path: Path) -> None:
    file = tmp_path / "part.py"
    file.write_text(line)
    with pytest.raises((ValueError, OSError)) as caught:
        exec(compile(line, str(file), "exec"), {"__name__": "memorl.part"})
    assert is_unforeseen(caught.value) == is_bug
