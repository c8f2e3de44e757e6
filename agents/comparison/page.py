"""A comparison as one HTML page that needs nothing else: tables and figures, light and dark, wide and narrow."""

from collections.abc import Sequence
from html import escape

import numpy as np

from .comparison import CONFIDENCE_TEXT, Comparison
from .figures import draw_averages, draw_curves, draw_profile, make_svg, style_groups
from .html import CSS, format_interval, format_number, format_text, make_figures, make_table
from .tables import Row, Tables

MAX_GROUPS_OF_PAIRS = 12
"""Groups up to which the page has the table of all pairs; the csv has it always."""


def make_page(comparison: Comparison, tables: Tables, command: str) -> str:
    """Return the page of a comparison and its tables; `command` is what makes it again."""
    parts = [
        _head(comparison, command),
        _warnings(comparison.warnings),
        _legend(comparison),
        _averages(comparison, tables.averages),
        _curves(comparison, against_hours=False),
        _scores(tables.scores),
        _curves(comparison, against_hours=True),
        _pairs(comparison, tables.improvements),
        _groups(comparison),
        _runs(comparison),
    ]
    title = f"memorl: {len(comparison.groups)} groups of runs compared"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{CSS}</style></head>\n'
        f"<body><main>\n{''.join(parts)}</main></body></html>\n"
    )


def _head(comparison: Comparison, command: str) -> str:
    runs = sum(len(its) for group in comparison.groups for its in group.runs.values())
    return (
        f"<h1>{escape(comparison.figure)}: {len(comparison.groups)} groups, {runs} runs, "
        f"{len(comparison.steps)} task{'s' * (len(comparison.steps) > 1)}</h1>\n<p><code>{escape(command)}</code></p>\n"
    )


def _warnings(warnings: Sequence[str]) -> str:
    if not warnings:
        return ""
    items = "".join(f"<li>{escape(warning)}</li>" for warning in warnings)
    return f'<h2>Before you conclude</h2>\n<ul class="warnings">{items}</ul>\n'


def _legend(comparison: Comparison) -> str:
    patterns = {"-": "", "--": "6 3", ":": "2 3", "-.": "6 3 2 3"}
    items = []
    for name, (colour, dash) in style_groups(comparison).items():
        stroke = f'stroke="{colour}" stroke-width="3" stroke-dasharray="{patterns[dash]}"'
        line = f'<line x1="0" x2="32" y1="6" y2="6" {stroke}/>'
        items.append(f'<li><svg viewBox="0 0 32 12" aria-hidden="true">{line}</svg>{escape(name)}</li>')
    return f'<ul class="legend">{"".join(items)}</ul>\n'


def _averages(comparison: Comparison, averages: Sequence[Row]) -> str:
    """Return the table and the figures over all tasks."""
    rows = [
        [row["group"], row["tasks"], row["runs"], format_interval(row, "iqm"), format_interval(row, "mean")]
        for row in averages
    ]
    scaled = (
        "Scores are scaled first: on every task 0 is the lowest of all runs and 1 the highest. "
        if comparison.is_scaled
        else ""
    )
    note = (
        f"The score of a run is the mean over the last tenth of the steps. {scaled}The interquartile mean is that of "
        f"the middle half of all scores. Intervals are {CONFIDENCE_TEXT}, by a bootstrap of the runs of each task."
    )
    figures = [
        (
            "Interquartile mean",
            make_svg(draw_averages(comparison, averages), "Interquartile mean of each group with its interval"),
        ),
        ("Performance profile", make_svg(draw_profile(comparison), "Share of the runs of each group above a score")),
    ]
    table = make_table(["group", "tasks", "runs", "interquartile mean", "mean"], rows)
    return f'<h2>Over all tasks</h2>\n{table}<p class="note">{note}</p>\n{make_figures(figures)}'


def _curves(comparison: Comparison, against_hours: bool) -> str:
    figures = []
    for task, until in comparison.steps.items():
        curves = comparison.curves[task].values()
        if against_hours and not any(np.isfinite(curve.hours).all() for curve in curves):
            continue
        draw = draw_curves(comparison, task, against_hours)
        figures.append((task, make_svg(draw, f"{comparison.figure} on {task} up to {until:,} steps")))
    if not figures:
        return ""
    what = "Learning against time" if against_hours else "Learning against steps"
    paper = (
        " Grey: the agents of the Memory Gym paper, from pixels, on held-out levels (Pleines et al., 2025)."
        if any(comparison.published.values()) and not against_hours
        else ""
    )
    hours = " Hours are those of training, without pauses, on the machine of each run." if against_hours else ""
    note = f'<p class="note">Mean over the runs of a group; shaded: {CONFIDENCE_TEXT} of the mean.{paper}{hours}</p>\n'
    return f"<h2>{what}</h2>\n{note}{make_figures(figures)}"


def _scores(scores: Sequence[Row]) -> str:
    rows = []
    for row in scores:
        each = ", ".join(format_number(score) for score in row["scores"])
        held_out = f"{format_interval(row, 'held_out')} ({row['evaluated']})" if row["evaluated"] else "-"
        rows.append([row["task"], row["group"], format_interval(row, "mean"), each, held_out, f"{row['steps']:,}"])
    head = ["task", "group", "score", "of each run", "held out (runs)", "steps"]
    note = "Held out is the newest evaluation by evaluate.py of each run that has one, at the step of its checkpoint."
    return f'<h2>On each task</h2>\n{make_table(head, rows)}<p class="note">{note}</p>\n'


def _pairs(comparison: Comparison, improvements: Sequence[Row]) -> str:
    pairs = {(row["group"], row["over"]): row for row in improvements}
    names = [group.name for group in comparison.groups]
    if not pairs or len(names) > MAX_GROUPS_OF_PAIRS:
        return ""
    rows = [
        [
            name,
            *(format_interval(pairs[name, other], "probability") if (name, other) in pairs else "" for other in names),
        ]
        for name in names
    ]
    note = (
        "How probably a run of the row's group has a higher score than one of the column's, on a task drawn at random."
    )
    return f'<h2>Probability of improvement</h2>\n{make_table(["", *names], rows)}<p class="note">{note}</p>\n'


def _groups(comparison: Comparison) -> str:
    if len(comparison.groups) < 2:
        return ""
    rows = [
        [group.name, ", ".join(f"{key}={format_text(value)}" for key, value in sorted(group.settings.items()))]
        for group in comparison.groups
    ]
    table = make_table(["group", "settings that differ"], rows, wide=True)
    return f"<h2>What differs</h2>\n{table}"


def _runs(comparison: Comparison) -> str:
    rows = [
        [str(run.folder), group.name, task, run.seed, f"{run.last_step:,}", format_number(run.hours[-1])]
        for group in comparison.groups
        for task, runs in group.runs.items()
        for run in runs
    ]
    return f"<h2>Runs</h2>\n{make_table(['folder', 'group', 'task', 'seed', 'steps', 'hours'], rows)}"
