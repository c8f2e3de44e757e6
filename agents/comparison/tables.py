"""The tables of a comparison."""

import math
from collections.abc import Iterable
from typing import Any

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
        for group in sorted(comparison.groups, key=lambda group: -mean_of(group.scores.get(task, []))):
            if task not in group.scores:
                continue
            scores = group.scores[task]
            low, high = mean_interval({task: scores})
            row: Row = {"task": task, "steps": until, "group": group.name, "seeds": [r.seed for r in group.runs[task]]}
            row |= {"scores": scores, "mean": mean_of(scores), "mean_low": low, "mean_high": high}
            rows.append(row | _held_out(group, task) | {"hours": mean_of(r.hours[-1] for r in group.runs[task])})
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


def mean_of(values: Iterable[float]) -> float:
    """Return the mean of numbers; NaN if there are none."""
    listed = list(values)
    return math.fsum(listed) / len(listed) if listed else math.nan


def _held_out(group: Group, task: str) -> Row:
    """Return the evaluations on held-out levels of the runs of a group that have one."""
    evaluations = [run.evaluation for run in group.runs[task] if run.evaluation]
    means = [evaluation.mean for evaluation in evaluations]
    low, high = mean_interval({task: means}) if means else (math.nan, math.nan)
    held_out: Row = {"evaluated": len(means), "held_out": mean_of(means)}
    return held_out | {"held_out_low": low, "held_out_high": high}
