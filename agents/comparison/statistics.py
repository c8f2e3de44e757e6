"""Statistics of few runs on several tasks (Agarwal et al., 2021, Deep RL at the Edge of the Statistical Precipice).

M tasks with N_m runs each have the scores x_mn. With the average over the tasks of a figure f of each task written as
<f(x_m)>:

    mean(x)             = < mean_n x_mn >                                                                        (1)
    iqm(x)              = mean of the middle half of all x_mn, a quarter being cut at each end                     (2)
    profile(x, tau)     = < share of the runs n with x_mn > tau >                                                  (3)
    improvement(x, y)   = < share of the pairs with x_mn > y_mk, plus half of the share of those that are equal > (4)

Intervals are percentiles of the figure over samples of the runs, drawn with replacement inside each task, which is the
stratified bootstrap.

The figures are those of the authors' library, rliable, where every task has the same number of runs.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap, trim_mean

Array = NDArray[np.float64]
Scores = Mapping[str, Sequence[float] | Array]
"""By the name of each task: the score of every run."""

SAMPLES = 2000
CONFIDENCE = 0.95


def mean(scores: Scores) -> float:
    """Return the mean over tasks of the mean score, equation 1."""
    return float(_mean(*_arrays(scores)))


def interquartile_mean(scores: Scores) -> float:
    """Return the mean of the middle half of all scores, equation 2."""
    return float(_interquartile_mean(*_arrays(scores)))


def performance_profile(scores: Scores, thresholds: Array) -> Array:
    """Return for each threshold the share of runs with a higher score, equation 3."""
    return np.mean([[np.mean(task > threshold) for threshold in thresholds] for task in _arrays(scores)], axis=0)


def probability_of_improvement(scores: Scores, others: Scores) -> float:
    """Return how probable it is that a run has a higher score than one of the others, equation 4.

    Raises:
        ValueError: If the tasks are not the same.
    """
    return float(_improvement(*_pairs(scores, others)))


def mean_interval(scores: Scores) -> tuple[float, float]:
    """Return the interval of `mean`; NaN where a task has one run only."""
    return _interval(_mean, _arrays(scores))


def mean_interval_at(values: Array) -> tuple[Array, Array]:
    """Return the intervals of the mean of R runs at each of G points [R, G]; NaN with a single run."""
    if len(values) < 2:
        nothing = np.full(values.shape[1], np.nan)
        return nothing, nothing
    chosen = np.random.default_rng(0).integers(len(values), size=(SAMPLES, len(values)))
    low, high = np.percentile(values[chosen].mean(1), [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)], axis=0)
    return low, high


def interquartile_mean_interval(scores: Scores) -> tuple[float, float]:
    """Return the interval of `interquartile_mean`; NaN where a task has one run only."""
    return _interval(_interquartile_mean, _arrays(scores))


def improvement_interval(scores: Scores, others: Scores) -> tuple[float, float]:
    """Return the interval of `probability_of_improvement`; NaN where a task has one run only."""
    return _interval(_improvement, _pairs(scores, others))


def _arrays(scores: Scores) -> list[Array]:
    """Return the scores of each task, in the order of the names."""
    if not scores:
        raise ValueError("there are no scores")
    arrays = [np.asarray(scores[name], np.float64) for name in sorted(scores)]
    if not all(array.ndim == 1 and array.size for array in arrays):
        raise ValueError("a task has no scores")
    return arrays


def _pairs(scores: Scores, others: Scores) -> list[Array]:
    if scores.keys() != others.keys():
        raise ValueError(f"the tasks are {sorted(scores)} and {sorted(others)}; they must be the same")
    return _arrays(scores) + _arrays(others)


def _mean(*tasks: Array, axis: int = -1) -> Array:
    return np.mean([task.mean(axis) for task in tasks], axis=0)


def _interquartile_mean(*tasks: Array, axis: int = -1) -> Array:
    return trim_mean(np.concatenate(tasks, axis), 0.25, axis)


def _improvement(*tasks: Array, axis: int = -1) -> Array:
    """Compare the first half of the tasks with the second, which are the same tasks in the same order."""
    half = len(tasks) // 2
    shares = []
    for ours, theirs in zip(tasks[:half], tasks[half:], strict=True):
        difference = np.moveaxis(ours, axis, -1)[..., :, None] - np.moveaxis(theirs, axis, -1)[..., None, :]
        shares.append(((difference > 0) + 0.5 * (difference == 0)).mean((-2, -1)))
    return np.mean(shares, axis=0)


def _interval(figure: Callable[..., Array], tasks: list[Array]) -> tuple[float, float]:
    if min(task.size for task in tasks) < 2:
        return float("nan"), float("nan")
    interval = bootstrap(
        tasks, figure, n_resamples=SAMPLES, batch=100, vectorized=True, axis=-1, confidence_level=CONFIDENCE,
        method="percentile", rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    return float(interval.low), float(interval.high)
