"""Write docs/results.md: a section a study that has results, from its plan and what its runs left.

    python benchmarks/studies/report.py

A plan says the question, what was predicted, `figure`, the column of metrics.csv that counts, and `outcome`, what the
results say; figures and tables come from memorl.agents.compare.
"""

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from machine import table  # isort: skip
from plan import PLANS, ROOT, read_jobs, study_of  # isort: skip
from run import RESULTS  # isort: skip
from memorl.agents.comparison import compare, make_scores
from memorl.agents.comparison.figures import draw_curves, make_png

HEAD = """# Results

What the studies of `benchmarks/studies/plans/` found so far; negative results stay. This page is written by
`python benchmarks/studies/report.py` from the curves, evaluations and costs in `benchmarks/results/studies/`. A score
is the mean over the last tenth of a curve, at the steps that all runs of a task have; intervals are 95 % bootstrap
intervals over seeds.
"""


def section(path: Path, results: Path, pictures: Path) -> str:
    """Return the section of a study, and draw its figure."""
    plan = yaml.safe_load(path.read_text())
    study = study_of(path)
    folder = results / study
    comparison = compare(folder, figure=plan.get("figure", "charts/episodic_return"))
    pictures.mkdir(parents=True, exist_ok=True)
    draws = [(task, draw_curves(comparison, task)) for task in comparison.steps]
    (pictures / f"{study}.png").write_bytes(make_png(draws))
    rows = [
        [row["task"], row["group"], f"{row['steps']:,}", interval(row), str(len(row["scores"])), held_out(row)]
        for row in make_scores(comparison)
    ]
    planned = len([job for job in read_jobs(path.parent) if job.study == study])
    costs = [json.loads(file.read_text()) for file in sorted(folder.glob("*/cost.json"))]
    hours = sum(cost["processor_hours"] for cost in costs)
    measured = sorted({line for cost in costs for line in cost["measured"]})
    warnings = [f"- {warning}" for warning in comparison.warnings]
    return "\n".join(
        [
            f"\n## {study.replace('_', ' ').capitalize()}\n",
            f"{plan['question']}\n",
            f"**Predicted.** {plan['predicted']}\n",
            f"**Found.** {plan.get('outcome', 'Not all runs have ended; nothing is said yet.')}\n",
            f"![{plan.get('figure', 'return')} against steps](results/{study}.png)\n",
            table(["task", "runs", "steps", "score", "seeds", "held out"], rows),
            "\n*" + f"{len(costs)} of {planned} runs, {hours:.1f} hours of processor time; `{command(plan)}`.*\n",
            *(f"- {line}" for line in measured),
            *warnings,
            "",
        ]
    )


def interval(row: Mapping[str, Any]) -> str:
    """Return a score with its interval, where there are several seeds."""
    bounds = f" [{row['mean_low']:.3g}, {row['mean_high']:.3g}]" if len(row["scores"]) > 1 else ""
    return f"{row['mean']:.3g}{bounds}"


def held_out(row: Mapping[str, Any]) -> str:
    """Return the mean over held-out levels, or nothing."""
    return "" if math.isnan(row["held_out"]) else f"{row['held_out']:.3g}"


def command(plan: Mapping[str, Any]) -> str:
    """Return the command of the study without the choices of its grid."""
    return " ".join(
        ["python train.py", *plan["train"], f"total_steps={plan['steps']}", *(f"{e}=..." for e in plan["grid"])]
    )


def report(plans: Path, results: Path, page: Path) -> None:
    """Write the page and its pictures."""
    found = [path for path in sorted(plans.glob("*.yaml")) if list((results / study_of(path)).glob("*/cost.json"))]
    page.write_text(HEAD + "".join(section(path, results, page.with_suffix("")) for path in found))


if __name__ == "__main__":
    report(PLANS, RESULTS, ROOT / "docs" / "results.md")
