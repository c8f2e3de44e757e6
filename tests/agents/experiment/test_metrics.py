"""metrics.csv: what a checkpoint knows of it tells a damaged one, and what can be read stays."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from memorl.agents.experiment.files import WriteError
from memorl.agents.experiment.metrics import Metrics, mend_metrics

GROWING = [{"step": 10, "loss": 0.5}, {"step": 20, "loss": 0.25, "return": 1.0}, {"step": 30, "loss": 0.125}]


def filled(path: Path) -> Metrics:
    metrics = Metrics(path)
    for row in GROWING:
        metrics.append(row)
    return metrics


def edit(change: Callable[[str], str]) -> Callable[[Path], object]:
    return lambda path: path.write_text(change(path.read_text()))


def test_a_longer_file_is_cut_and_goes_on_as_if_it_had_never_been(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    metrics = filled(path)
    saved = metrics.state_dict()
    before = path.read_text()
    metrics.append({"step": 40, "loss": 1.0, "late": 3.0})
    path.write_text(path.read_text() + "50,0.")
    assert mend_metrics(path, saved) == ""
    assert path.read_text() == before
    again = Metrics(path, 30)
    assert again.state_dict() == saved
    again.append({"step": 40, "loss": 2.0})
    assert path.read_text() == before + "40,2.0,\n"
    assert [file.name for file in tmp_path.iterdir()] == ["metrics.csv"]


DAMAGE: dict[str, tuple[Callable[[Path], object], str, int]] = {
    "missing": (Path.unlink, "has 0 of 3 rows up to step 30: it begins anew", 0),
    "empty": (edit(lambda _: ""), "has 0 of 3 rows up to step 30: it begins anew", 0),
    "cut off": (edit(lambda text: text[:-8]), "has 2 of 3 rows up to step 30: the rows that can be read stay", 2),
    "no header": (edit(lambda text: text.partition("\n")[2]), "has 0 of 3 rows up to step 30: the rows", 0),
    "a digit": (edit(lambda text: text.replace("0.25", "0.26")), "is damaged up to step 30: the rows", 3),
    "a letter": (edit(lambda text: text.replace("0.25", "O.25")), "has 2 of 3 rows up to step 30: the rows", 2),
    "zeros": (edit(lambda text: text.replace("20,0.25", "\0" * 7)), "has 2 of 3 rows up to step 30: the rows", 2),
    "twice": (edit(lambda text: text + text.partition("\n")[2]), "", 3),
    "a row too long": (edit(lambda text: text.replace("10,", "10,,,")), "has 2 of 3 rows up to step 30: the rows", 2),
    "bytes": (lambda path: path.write_bytes(b"\xff\xfe" * 99), "has 0 of 3 rows up to step 30: the rows", 0),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_file_is_named_and_mended(case: str, tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    saved = filled(path).state_dict()
    damage, message, rows = DAMAGE[case]
    damage(path)
    damaged = path.read_bytes() if path.exists() else b""
    said = mend_metrics(path, saved)
    assert said.startswith(f"{path} {message}" if message else "")
    assert "\n" not in said
    aside = tmp_path / "metrics.csv.aside"
    assert aside.exists() == ("stay" in said)
    if aside.exists():
        assert aside.read_bytes() == damaged
        assert str(aside) in said
    assert len(path.read_text().splitlines()) == rows + 1
    metrics = Metrics(path, 30)
    metrics.append({"step": 40, "loss": 2.0})
    assert metrics.rows == rows + 1


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").mkdir()
    with pytest.raises(ValueError, match=r"metrics\.csv is not a file; the run goes on when it is moved away"):
        mend_metrics(tmp_path / "metrics.csv", {"rows": 1, "step": 1, "checksum": ""})


def test_a_row_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    metrics = filled(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(WriteError, match=f"{re.escape(str(path))} cannot be written: .*directory"):
        metrics.append({"step": 40, "loss": 2.0})
