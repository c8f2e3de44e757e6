"""Learning curves of several runs on common steps.

Legend: P points of a run's own curve, G points of the common ones, R runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .recorded import Curve, RecordedRun
from .statistics import mean_interval_at

POINTS = 60
"""Points of a common curve."""


@dataclass(frozen=True)
class GroupCurve:
    """The curve of a group of runs on one task.

    Args:
        steps: The steps of the points, [G].
        hours: Mean hours of training at each point, [G].
        runs: The figure of every run, [R, G].
        mean: Mean over the runs, [G].
        low: Lower end of the interval of the mean, [G]; NaN with a single run.
        high: Upper end, [G].
    """

    steps: Curve
    hours: Curve
    runs: Curve
    mean: Curve
    low: Curve
    high: Curve


def make_curve(runs: Sequence[RecordedRun], until: float) -> GroupCurve:
    """Return the curve of runs of a group up to a step that all of them have."""
    steps = np.linspace(until / POINTS, until, POINTS)
    values = np.array([average_between(run, steps) for run in runs])
    low, high = mean_interval_at(values)
    hours = np.mean([np.interp(steps, run.steps, run.hours) for run in runs], axis=0)
    return GroupCurve(steps, hours, values, values.mean(0), low, high)


def average_between(run: RecordedRun, steps: Curve) -> Curve:
    """Return the mean of a run's figure between each common step and the one before, [G]; between points of the run
    that are further apart, it is on the line between them."""
    place = np.searchsorted(steps, run.steps)
    inside = place < len(steps)
    count = np.bincount(place[inside], minlength=len(steps))
    total = np.bincount(place[inside], run.values[inside], len(steps))
    line = np.interp(steps, run.steps, run.values)
    return np.where(count > 0, total / np.maximum(count, 1), line)
