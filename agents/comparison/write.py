"""The files of a comparison: a page, three tables and a picture."""

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..experiment import replace_file
from .comparison import Comparison
from .figures import draw_averages, draw_curves, make_png
from .page import make_page
from .tables import Row, make_tables


def write_comparison(comparison: Comparison, folder: Path, command: str = "") -> list[Path]:
    """Write index.html, comparison.png and three tables into a folder, which is made; return the files.

    Raises:
        OSError: If one cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = make_tables(comparison)
    draws = [(task, draw_curves(comparison, task)) for task in comparison.steps]
    contents = {
        "index.html": make_page(comparison, tables, command).encode(),
        "comparison.png": make_png([*draws, ("over all tasks", draw_averages(comparison, tables.averages))]),
        "averages.csv": _make_csv(tables.averages),
        "scores.csv": _make_csv(tables.scores),
        "improvements.csv": _make_csv(tables.improvements),
    }
    for name, content in contents.items():
        with replace_file(folder / name) as file:
            file.write(content)
    return [folder / name for name in contents]


def _make_csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """Return a cell: lists as JSON, and nothing for a number that is not there."""
    if isinstance(value, list):
        return json.dumps(value)
    return "" if isinstance(value, float) and not math.isfinite(value) else value
