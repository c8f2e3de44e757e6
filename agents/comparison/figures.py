"""The figures of a comparison, as SVG for the page and as one PNG.

Texts and axes of an SVG have the colour of the text around it, so that a page can be light or dark.
"""

import io
import re
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from .comparison import Comparison
from .statistics import performance_profile
from .tables import Row

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#8c6d31")
"""Colours that the colour-blind tell apart, on white and on black (Okabe and Ito)."""
DASHES = ("-", "--", ":", "-.")
INK = "#010203"
"""A colour that nothing else uses; it stands for the colour of the page's text."""

SIZE = (4.6, 3.2)
"""Inches; narrow enough for the letters to be read on a phone."""

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "memorl", "font.size": 9.0, "font.family": "sans-serif",
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": INK, "axes.labelcolor": INK,
    "text.color": INK, "xtick.color": INK, "ytick.color": INK, "axes.grid": True, "axes.axisbelow": True,
    "grid.alpha": 0.25, "grid.color": INK,
}  # fmt: skip

Draw = Callable[[Axes], None]


def style_groups(comparison: Comparison) -> dict[str, tuple[str, str]]:
    """Return the colour and the dashes of each group's line, by its name."""
    styles = ((colour, dash) for dash in cycle(DASHES) for colour in COLOURS)
    names = sorted(group.name for group in comparison.groups)
    return dict(zip(names, islice(styles, len(names)), strict=True))


def draw_curves(comparison: Comparison, task: str, against_hours: bool = False) -> Draw:
    """Return a function that draws the learning curves of a task against steps or hours of training."""
    styles = style_groups(comparison)

    def draw(axes: Axes) -> None:
        for name, curve in comparison.curves[task].items():
            colour, dash = styles[name]
            x = curve.hours if against_hours else curve.steps
            axes.plot(x, curve.mean, dash, color=colour, linewidth=1.8, label=name)
            if np.isfinite(curve.low).all():
                axes.fill_between(x, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0)
        if not against_hours:
            _draw_published(axes, comparison, task)
        axes.set_xlabel("hours of training" if against_hours else "environment steps")
        axes.set_ylabel(comparison.figure.rpartition("/")[2].replace("_", " "))
        axes.xaxis.set_major_formatter(mpl.ticker.ScalarFormatter() if against_hours else EngFormatter(sep=""))

    return draw


def draw_averages(comparison: Comparison, averages: Sequence[Row]) -> Draw:
    """Return a function that draws the interquartile means of the table of averages, with their intervals."""
    styles = style_groups(comparison)

    def draw(axes: Axes) -> None:
        rows = averages[::-1]
        for place, row in enumerate(rows):
            colour, _ = styles[row["group"]]
            low, high = row["iqm_low"], row["iqm_high"]
            if np.isfinite(low):
                axes.barh(place, high - low, left=low, color=colour, alpha=0.35, height=0.6)
            axes.plot([row["iqm"]] * 2, [place - 0.3, place + 0.3], color=colour, linewidth=2.5)
        axes.set_yticks(range(len(rows)), [_shorten(row["group"]) for row in rows])
        axes.grid(False, axis="y")
        axes.set_xlabel("interquartile mean" + ", scaled" * comparison.is_scaled)

    return draw


def draw_profile(comparison: Comparison) -> Draw:
    """Return a function that draws the share of each group's runs whose score is above a threshold."""
    styles = style_groups(comparison)
    everything = [x for tasks in comparison.averaged.values() for scores in tasks.values() for x in scores]
    thresholds = np.linspace(min(everything), max(everything), 200)

    def draw(axes: Axes) -> None:
        for group in comparison.groups:
            colour, dash = styles[group.name]
            shares = performance_profile(comparison.averaged[group.name], thresholds)
            axes.plot(thresholds, shares, dash, color=colour, linewidth=1.8, drawstyle="steps-post")
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel("score" + ", scaled" * comparison.is_scaled)
        axes.set_ylabel("share of runs above it")

    return draw


def make_svg(draw: Draw, description: str) -> str:
    """Return a figure as an SVG element with a description for those who cannot see it."""
    with mpl.rc_context(STYLE):
        figure = Figure(SIZE, layout="constrained")
        draw(figure.add_subplot())
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Title": description})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    return re.sub(r'<svg ([^>]*?)width="[^"]*" ', r'<svg \1role="img" ', re.sub(r'height="[^"]*pt" ', "", svg, count=1))


def make_png(draws: Sequence[tuple[str, Draw]], columns: int = 3) -> bytes:
    """Return figures under their titles as one PNG, with a legend of all lines."""
    columns = min(columns, len(draws))
    rows = -(-len(draws) // columns)
    with mpl.rc_context({**STYLE, "axes.edgecolor": "black", "svg.hashsalt": None}):
        figure = Figure((SIZE[0] * columns, SIZE[1] * rows + 0.4), layout="constrained", dpi=150)
        grid = figure.subplots(rows, columns, squeeze=False).flat
        lines: dict[str, Artist] = {}
        for axes, (title, draw) in zip(grid, draws, strict=False):
            draw(axes)
            axes.set_title(title)
            handles, labels = axes.get_legend_handles_labels()
            lines |= dict(zip(labels, handles, strict=True))
        for axes in list(figure.axes)[len(draws) :]:
            axes.set_axis_off()
        if lines:
            place: Any = {"loc": "outside lower center", "ncols": min(4, len(lines)), "frameon": False}
            figure.legend(list(lines.values()), list(lines), **place)
        file = io.BytesIO()
        figure.savefig(file, format="png", facecolor="white")
    return file.getvalue()


def _draw_published(axes: Axes, comparison: Comparison, task: str) -> None:
    """Draw the curves of the Memory Gym paper behind ours, up to where ours end."""
    limits = axes.get_ylim()
    for curve in comparison.published[task]:
        until = curve.steps <= max(comparison.steps[task], curve.steps[1])
        axes.plot(curve.steps[until], curve.mean[until], color="#888888", linewidth=0.8, zorder=1)
        axes.annotate(curve.agent, (curve.steps[until][-1], curve.mean[until][-1]), fontsize=6, color="#888888")
        limits = (min(limits[0], curve.mean[until].min()), max(limits[1], curve.mean[until].max()))
    axes.set_ylim(limits)


def _shorten(name: str, length: int = 28) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"
