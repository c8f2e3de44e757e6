"""The figures of several runs are those of rliable 1.2.0 (with arch 5.6.0), whose values stand here."""

import numpy as np
import pytest

from memorl.agents.comparison import statistics

OURS = {
    "a": [0.2, 0.11, 0.21, 0.14, 0.21],
    "b": [0.59, 0.36, 0.9, 0.65, 0.22],
    "c": [0.85, 0.7, 0.8, 0.97, 0.89],
}
THEIRS = {
    "a": [0.32, 0.06, 0.23, 0.27, 0.2],
    "b": [0.0, 0.01, 0.02, 0.34, 0.39],
    "c": [0.56, 0.15, 0.78, -0.06, 0.73],
}
SAMPLING = 0.03
"""The most that two bootstraps of some thousand samples differ here."""


@pytest.mark.parametrize(("scores", "mean", "iqm"), [(OURS, 0.52, 0.51), (THEIRS, 0.2666667, 0.22)])
def test_averages(scores: statistics.Scores, mean: float, iqm: float) -> None:
    assert statistics.mean(scores) == pytest.approx(mean)
    assert statistics.interquartile_mean(scores) == pytest.approx(iqm)


def test_probability_of_improvement() -> None:
    assert statistics.probability_of_improvement(OURS, THEIRS) == pytest.approx(0.7)
    assert statistics.probability_of_improvement(THEIRS, OURS) == pytest.approx(0.3)
    assert statistics.probability_of_improvement(OURS, OURS) == pytest.approx(0.5)


def test_performance_profile() -> None:
    thresholds = np.array([0, 0.25, 0.5, 0.75, 1])
    ours = statistics.performance_profile(OURS, thresholds)
    theirs = statistics.performance_profile(THEIRS, thresholds)
    np.testing.assert_allclose(ours, [1, 0.6, 0.5333333, 0.3333333, 0], atol=1e-6)
    np.testing.assert_allclose(theirs, [0.8666667, 0.4666667, 0.2, 0.0666667, 0], atol=1e-6)


def test_intervals() -> None:
    """50,000 samples of rliable's stratified bootstrap."""
    found = (
        statistics.mean_interval(OURS),
        statistics.mean_interval(THEIRS),
        statistics.interquartile_mean_interval(OURS),
        statistics.interquartile_mean_interval(THEIRS),
        statistics.improvement_interval(OURS, THEIRS),
    )
    rliable = (
        (0.4466667, 0.5946667),
        (0.1526667, 0.3746667),
        (0.4022222, 0.6277778),
        (0.1066667, 0.36),
        (0.5466667, 0.8533333),
    )
    np.testing.assert_allclose(found, rliable, atol=SAMPLING)
    assert found[0] == statistics.mean_interval(OURS), "the samples are the same each time"


def test_one_run_has_no_interval() -> None:
    assert np.isnan(statistics.mean_interval({"a": [0.3], "b": [0.1, 0.2]})).all()
    assert statistics.mean({"a": [0.3], "b": [0.1, 0.2]}) == pytest.approx(0.225)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the tasks are \['a'\] and \['b'\]; they must be the same"):
        statistics.probability_of_improvement({"a": [1.0]}, {"b": [1.0]})
    with pytest.raises(ValueError, match="there are no scores"):
        statistics.mean({})
    with pytest.raises(ValueError, match="a task has no scores"):
        statistics.mean({"a": []})
