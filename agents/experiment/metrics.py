"""The table of a run, metrics.csv."""

import csv
import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .files import WriteError, replace_file

Row = dict[str, str]


class Metrics:
    """One row an update; a column appears with the first row that has it.

    No entry depends on the clock, so that a resumed run equals the run that was never interrupted.

    Args:
        path: The file.
        until: The last step of an existing file that stays (the run continues from a checkpoint).
    """

    def __init__(self, path: Path, until: int = 0) -> None:
        self.path = path
        self.columns: list[str] = []
        self.rows = 0
        self.step = 0
        self.checksum = ""
        rows = list(_read_rows(path, until)) if path.is_file() else []
        for row in rows:
            self.columns += [name for name, value in row.items() if value and name not in self.columns]
            self._count(row)
        self._rewrite(rows)

    def append(self, row: Mapping[str, float]) -> None:
        """Add a row; it is on disk when this returns.

        Raises:
            WriteError: If it cannot be written.
        """
        texts = {name: repr(value) for name, value in row.items()}
        new = [name for name in row if name not in self.columns]
        try:
            if new:
                with self.path.open(newline="") as file:
                    rows = list(csv.DictReader(file))
                self.columns += new
                self._rewrite(rows)
            with self.path.open("a", newline="") as file:
                writer = csv.DictWriter(file, self.columns, lineterminator="\n")
                writer.writerow(texts)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise WriteError(f"{self.path} cannot be written: {error}") from error
        self._count(texts)

    def state_dict(self) -> dict[str, Any]:
        """Return the number of rows, the last step and a checksum of all rows, which tell a damaged file."""
        return {"rows": self.rows, "step": self.step, "checksum": self.checksum}

    def _count(self, row: Row) -> None:
        self.rows += 1
        self.step = int(row["step"])
        cells = sorted((name, value) for name, value in row.items() if value)
        self.checksum = hashlib.blake2b(f"{self.checksum}{cells}".encode(), digest_size=16).hexdigest()

    def _rewrite(self, rows: list[Row]) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        with replace_file(self.path) as file:
            file.write(text.getvalue().encode())


def mend_metrics(path: Path, saved: Mapping[str, Any]) -> str:
    """Cut the table of a run back to the rows of a checkpoint, and set a damaged table aside.

    Args:
        path: The file.
        saved: The `state_dict` of that moment.

    Returns:
        One line that says what was damaged and what was done; nothing where all rows are as they were written.

    Raises:
        ValueError: If something else is in the place of the file, or it cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            raise ValueError(f"{path} is not a file; the run goes on when it is moved away")
        damaged = path.read_bytes() if path.is_file() else b""
        kept = Metrics(path, saved["step"])
        if kept.state_dict() == saved:
            return ""
        aside = path.with_name(f"{path.name}.aside")
        if damaged:
            with replace_file(aside) as file:
                file.write(damaged)
    except OSError as error:
        raise ValueError(f"{path} cannot be mended: {error}") from error
    what = "is damaged" if kept.rows == saved["rows"] else f"has {kept.rows} of {saved['rows']} rows"
    done = f"the rows that can be read stay, and {aside} is the file as it was" if damaged else "it begins anew"
    return f"{path} {what} up to step {saved['step']}: {done}"


def _read_rows(path: Path, until: int) -> Iterator[Row]:
    """Yield the rows up to a step whose cells are numbers and whose steps increase."""
    text = path.read_text(errors="replace")
    complete = text.rpartition("\n")[0].replace("\0", "?")  # a run killed while writing leaves half a line
    last = -1
    for row in csv.DictReader(complete.splitlines()):
        step = row.get("step") or ""
        if step.isdecimal() and last < int(step) <= until and _has_numbers(row):
            last = int(step)
            yield row


def _has_numbers(row: Mapping[Any, Any]) -> bool:
    """Return whether a row has a cell for each column, and each cell is a number or empty."""
    if None in row or None in row.values():
        return False
    try:
        [float(value) for value in row.values() if value]
    except ValueError:
        return False
    return True
