"""N grows with success, for all envs of a batch together, and with nothing else."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from memorl.envs import DelayedMatchToSample, NParity
from memorl.envs.tasks.last_bits import LastBits

Answer = Callable[[LastBits], np.ndarray]


def right(envs: LastBits) -> np.ndarray:
    return np.maximum(envs._state["target"], 0)


def right_but(wrong: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Answer:
    """Right but for questions whose N, among those up to n, is such."""
    return lambda envs: right(envs) ^ wrong(envs._state["lag"], envs._state["n"])


def ns(envs: LastBits, steps: int, answer: Answer = right) -> list[int]:
    """The n that each episode reports at its end."""
    told: list[int] = []
    for _ in range(steps):
        *_, ends, _, infos = envs.step(answer(envs))
        told += infos["n"][ends].tolist() if ends.any() else []
    return told


@pytest.mark.parametrize("task", [NParity, DelayedMatchToSample])
@pytest.mark.parametrize("curriculum", ["single", "multi"])
def test_n_grows_by_one_after_each_window_of_successes(task: type[LastBits], curriculum: Any) -> None:
    envs = task(num_envs=8, curriculum=curriculum, window=40)
    envs.reset(seed=0)
    told = ns(envs, 1500)
    assert told[0] == 2
    assert max(told) > 5
    counts = Counter(told)
    for n in range(2, max(told)):
        assert 40 <= counts[n] <= 40 + 2 * 8  # those that ended together, and those under way when n grew
    assert len(set(envs._state["level"])) == 1


def test_a_reset_of_some_judges_nobody() -> None:
    """The others are put back to where they were, and what they would have answered does not count."""
    envs = NParity(num_envs=8, curriculum="single", window=1, threshold=0)
    envs.reset(seed=0)
    for _ in range(200):
        *_, ends, _, _ = envs.step(right(envs))
        if ends.any():
            asked = envs._state["answered"].copy()
            envs.reset(options={"reset_mask": ends})
            assert np.array_equal(envs._state["answered"], asked)
            assert len(set(envs._state["level"])) == 1


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ({"curriculum": "none"}, right),
        ({"curriculum": "single", "threshold": 0.9}, lambda envs: np.zeros(8, np.int64)),
        ({"curriculum": "multi", "threshold": 0.5}, right_but(lambda lag, n: lag == n)),
        ({"curriculum": "multi", "threshold": 0.7}, right_but(lambda lag, n: lag < n)),
    ],
    ids=["no curriculum", "guessing", "failing the largest", "failing the others"],
)
def test_n_does_not_grow(arguments: dict[str, Any], answer: Answer) -> None:
    envs = NParity(num_envs=8, n=4, window=40, **arguments)
    envs.reset(seed=0)
    assert set(ns(envs, 1500, answer)) == {4}


def test_failing_a_few_is_allowed() -> None:
    envs = NParity(num_envs=8, n=4, window=40, curriculum="multi", threshold=0.4)
    envs.reset(seed=0)
    assert max(ns(envs, 600, right_but(lambda lag, n: lag == 2))) > 4


def test_n_stops_at_its_maximum() -> None:
    envs = NParity(num_envs=8, curriculum="multi", window=10, max_n=4)
    envs.reset(seed=0)
    assert sorted(set(ns(envs, 1000))) == [2, 3, 4]


def test_a_seed_begins_the_curriculum_anew_and_a_reset_without_one_does_not() -> None:
    envs = NParity(num_envs=8, curriculum="single", window=10)
    envs.reset(seed=0)
    first = ns(envs, 300)
    envs.reset()
    assert ns(envs, 50)[0] == max(first)
    envs.reset(seed=0)
    assert ns(envs, 300) == first


def test_an_episode_of_its_own_n_is_not_judged() -> None:
    envs = NParity(num_envs=8, curriculum="single", window=1)
    envs.reset(seed=0, options={"n": 7})
    while not (told := ns(envs, 1)):
        pass
    assert set(told) == {7}
    assert not envs._state["answered"].any()
    assert min(ns(envs, 300)) == 2


@pytest.mark.parametrize("curriculum", ["single", "multi"])
def test_a_saved_curriculum_goes_on(curriculum: Any) -> None:
    one, other = (NParity(num_envs=8, curriculum=curriculum, window=20) for _ in range(2))
    one.reset(seed=0)
    ns(one, 203)
    other.load_state_dict(one.state_dict())
    told = ns(one, 300)
    assert told == ns(other, 300)
    assert max(told) > min(told) > 2


def test_episodes_have_all_lengths_and_multi_asks_for_every_n() -> None:
    envs = NParity(num_envs=500, n=3, curriculum="multi", max_n=5)
    assert envs.symbolic_fields == ("bit", "query_2", "query_3", "query_4", "query_5")
    observation, _ = envs.reset(seed=0)
    lengths, asked = Counter(), np.zeros(4)
    for _ in range(40):
        query = observation[:, 1:].sum(1)
        last = envs._state["last"] & (envs._state["phase"] == 0)
        assert np.array_equal(query == 1, last)
        assert np.array_equal(query == 0, ~last)
        asked += observation[:, 1:].sum(0)
        observation, _, ends, _, infos = envs.step(1 - right(envs))
        lengths.update(infos["length"][ends].tolist() if ends.any() else ())
    assert set(lengths) == set(range(5, 14))
    assert asked[0] == pytest.approx(asked[1], rel=0.1)
    assert not asked[2:].any()
