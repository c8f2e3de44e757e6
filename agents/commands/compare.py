"""Compare runs, by what they were.

    python compare.py runs/mortar_mayhem runs/my_sweep --out comparison

Runs are grouped by the settings in which they differ, whatever their folders are called, and compared on each task at
the steps that all of them have. Prints a table, and writes index.html, comparison.png and csv tables.
"""

import argparse
import shlex
import sys
from pathlib import Path

from memorl.agents.comparison import compare, make_scores, write_comparison
from memorl.agents.experiment import make_console, name_command, name_in_usage, print_line


def command() -> None:
    """Read, compare, print, write."""
    usage = name_in_usage("compare", __doc__)
    parser = argparse.ArgumentParser(description=usage, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="folders of runs, or folders that have some below them")
    parser.add_argument("--figure", default="charts/episodic_return", help="column of metrics.csv, as episode/success")
    parser.add_argument("--scale", action=argparse.BooleanOptionalAction, help="scale tasks to 0 .. 1 before averages")
    parser.add_argument("--out", type=Path, default=Path("comparison"), help="folder of the page and the tables")
    args = parser.parse_args()
    try:
        comparison = compare(*args.runs, figure=args.figure, scale=args.scale)
        files = write_comparison(comparison, args.out, f"{name_command('compare')} {shlex.join(sys.argv[1:])}")
    except (ValueError, OSError) as error:
        raise SystemExit(f"error: {error}") from error
    console = make_console()
    for row in make_scores(comparison):
        interval = f" [{row['mean_low']:.3g}, {row['mean_high']:.3g}]" if len(row["scores"]) > 1 else ""
        seeds = f"{len(row['scores'])} run{'s' * (len(row['scores']) > 1)}"
        print_line(
            console, f"{row['task']}, {row['steps']:,} steps: {row['group']}: {row['mean']:.3g}{interval}, {seeds}"
        )
    for warning in comparison.warnings:
        print_line(console, f"warning: {warning}")
    print_line(console, f"the page is {files[0]}")
