"""The result of an evaluation: its file and its table."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from .console import print_line
from .containers import map_values
from .files import replace_file


def write_result(result: Mapping[str, Any], file: Path) -> None:
    """Write a result as JSON; a number that JSON cannot write, such as NaN, becomes null."""
    text = json.dumps(map_values(_without_nan, result), indent=1, allow_nan=False) + "\n"
    with replace_file(file) as opened:
        opened.write(text.encode())


def print_result(console: Console, result: Mapping[str, Any]) -> None:
    """Print the figures as a table that is wide enough to break no word."""
    rows = [("figure", "mean", "std", "95 % interval", "episodes")]
    for name, row in result["metrics"].items():
        interval = f"{_number(row['low'])} .. {_number(row['high'])}"
        rows.append((name, _number(row["mean"]), _number(row["std"]), interval, f"{row['episodes']:.0f}"))
    for name, value in result.get("probe", {}).items():
        rows.append((name, f"{value:.0f}", "", "", ""))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print_line(console, f"{result['checkpoint']}, step {result['step']:,}")
    for cells in rows:
        numbers = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        print_line(console, "  ".join([cells[0].ljust(widths[0]), *numbers]).rstrip())


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "-"


def _without_nan(value: Any) -> Any:
    """Return None in the place of a number that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
