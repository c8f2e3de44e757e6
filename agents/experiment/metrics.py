"""The table of a run, metrics.csv."""

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path

from .files import write_file


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
        rows: list[dict[str, str]] = []
        if path.exists():
            complete = path.read_text().rpartition("\n")[0]  # a run killed while writing leaves half a line
            rows = [row for row in csv.DictReader(complete.splitlines()) if int(row["step"]) <= until]
        for row in rows:
            self.columns += [name for name, value in row.items() if value and name not in self.columns]
        self._rewrite(rows)

    def append(self, row: Mapping[str, float]) -> None:
        """Add a row; it is on disk when this returns."""
        new = [name for name in row if name not in self.columns]
        if new:
            with self.path.open(newline="") as file:
                rows = list(csv.DictReader(file))
            self.columns += new
            self._rewrite(rows)
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, self.columns, lineterminator="\n")
            writer.writerow({name: repr(value) for name, value in row.items()})
            file.flush()
            os.fsync(file.fileno())

    def _rewrite(self, rows: list[dict[str, str]]) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_file(self.path, lambda file: file.write(text.getvalue().encode()))
