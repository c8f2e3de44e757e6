"""Pieces of a page in HTML: its style, its tables and figures, and the numbers in them."""

import json
import math
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

CSS = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 1rem; }
h1 { font-size: 1.6rem; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child, .text { text-align: left; }
th:nth-child(2).wide, td.wide { white-space: normal; min-width: 14rem; text-align: left; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: 1rem; }
figure { margin: 0; } figure svg { width: 100%; height: auto; } figcaption { font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; list-style: none; }
.legend svg { width: 2rem; height: .8rem; vertical-align: middle; margin-right: .4rem; }
.warnings { border-left: 4px solid #d55e00; background: var(--soft); padding: .5rem 1rem .5rem 2rem; }
.note { font-size: .9rem; opacity: .8; }
code { background: var(--soft); padding: .1em .3em; }
"""


def make_table(head: Iterable[str], rows: Iterable[Iterable[Any]], wide: bool = False) -> str:
    """Return a table that scrolls by itself where the screen is narrow; `wide` lets texts take several lines."""
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td{' class=wide' * wide}>{escape(str(cell))}</td>" for cell in row) + "</tr>\n"
        for row in rows
    )
    table = f"<table><thead><tr>{cells}</tr></thead>\n<tbody>{body}</tbody></table>"
    return f'<div class="scroll" tabindex="0">{table}</div>\n'


def make_figures(figures: Iterable[tuple[str, str]]) -> str:
    """Return SVG figures under their titles, as many beside each other as fit."""
    items = "".join(f"<figure><figcaption>{escape(title)}</figcaption>{svg}</figure>\n" for title, svg in figures)
    return f'<div class="figures">{items}</div>\n'


def format_interval(row: Mapping[str, Any], name: str) -> str:
    """Return a figure of a row with its interval, whose ends are called alike."""
    low, high = (row[f"{name}_{end}"] for end in ("low", "high"))
    interval = f" [{format_number(low)}, {format_number(high)}]" if math.isfinite(low) else ""
    return f"{format_number(row[name])}{interval}"


def format_number(value: float) -> str:
    """Return three digits of a number, or a dash."""
    return f"{value:.3g}" if math.isfinite(value) else "-"


def format_text(value: Any) -> str:
    """Return a setting as it is written on the command line."""
    return value if isinstance(value, str) else json.dumps(value)
