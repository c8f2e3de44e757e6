"""The tables of a comparison."""

import math
from typing import Any, NamedTuple

import numpy as np

from .comparison import Comparison, Group
from .statistics import (
    improvement_interval,
    interquartile_mean,
    interquartile_mean_interval,
    mean,
    mean_interval,
    probability_of_improvement,
)

Row = dict[str, Any]


class Tables(NamedTuple):
    """All tables of a comparison."""

    averages: list[Row]
    scores: list[Row]
    improvements: list[Row]


def make_tables(comparison: Comparison) -> Tables:
    """Return all tables of a comparison; the intervals of each are computed here, once."""
    return Tables(make_averages(comparison), make_scores(comparison), make_improvements(comparison))


def make_averages(comparison: Comparison) -> list[Row]:
    """Return a row for each group: its averages over the tasks and their 95 % intervals."""
    rows = []
    for group in comparison.groups:
        scores = comparison.averaged[group.name]
        mean_low, mean_high = mean_interval(scores)
        iqm_low, iqm_high = interquartile_mean_interval(scores)
        row: Row = {"group": group.name, "tasks": len(scores), "runs": sum(map(len, scores.values()))}
        row |= {"iqm": interquartile_mean(scores), "iqm_low": iqm_low, "iqm_high": iqm_high}
        row |= {"mean": mean(scores), "mean_low": mean_low, "mean_high": mean_high}
        rows.append(row)
    return rows


def make_scores(comparison: Comparison) -> list[Row]:
    """Return a row for each task and group: the scores of its runs, their mean and its 95 % interval."""
    rows = []
    for task, until in comparison.steps.items():
        groups = [group for group in comparison.groups if task in group.scores]
        for group in sorted(groups, key=lambda group: -np.mean(group.scores[task])):
            scores = group.scores[task]
            hours = np.mean([run.hours[-1] for run in group.runs[task]])
            low, high = mean_interval({task: scores})
            row: Row = {"task": task, "steps": until, "group": group.name, "seeds": [r.seed for r in group.runs[task]]}
            row |= {"scores": scores, "mean": mean({task: scores}), "mean_low": low, "mean_high": high}
            rows.append(row | _held_out(group, task) | {"hours": float(hours)})
    return rows


def make_improvements(comparison: Comparison) -> list[Row]:
    """Return a row for each pair of groups with the same tasks: how probably a run of one beats one of the other."""
    rows = []
    for group in comparison.groups:
        for other in comparison.groups:
            if group is other or group.scores.keys() != other.scores.keys():
                continue
            low, high = improvement_interval(group.scores, other.scores)
            probability = probability_of_improvement(group.scores, other.scores)
            row: Row = {"group": group.name, "over": other.name, "probability": probability}
            rows.append(row | {"probability_low": low, "probability_high": high})
    return rows


def _held_out(group: Group, task: str) -> Row:
    """Return the evaluations on held-out levels of the runs of a group that have one."""
    evaluations = [run.evaluation for run in group.runs[task] if run.evaluation]
    if not evaluations:
        return {"evaluated": 0, "held_out": math.nan, "held_out_low": math.nan, "held_out_high": math.nan}
    means = {task: [evaluation.mean for evaluation in evaluations]}
    low, high = mean_interval(means)
    return {"evaluated": len(evaluations), "held_out": mean(means), "held_out_low": low, "held_out_high": high}
