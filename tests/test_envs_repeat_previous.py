"""Repeat Previous pays for memory, and for nothing else."""

import numpy as np
import pytest

from memorl.envs import RepeatPrevious


def returns(envs: RepeatPrevious, lag: int) -> np.ndarray:
    """Returns of one episode in which every answer is the symbol seen `lag` steps ago, or now if there is none."""
    observation, _ = envs.reset(seed=0)
    seen = [observation.argmax(1)]
    while True:
        observation, _, ends, _, infos = envs.step(seen[-1 - lag if len(seen) > lag else -1])
        seen.append(observation.argmax(1))
        if ends.any():
            assert ends.all()
            assert np.array_equal(infos["success"], infos["accuracy"] == 1)
            return infos["reward"]


@pytest.mark.parametrize(("k", "symbols", "length"), [(1, 2, 2), (4, 4, 64), (256, 3, 600)])
def test_perfect_memory_returns_one(k: int, symbols: int, length: int) -> None:
    assert returns(RepeatPrevious(num_envs=4, k=k, symbols=symbols, length=length), k) == pytest.approx(1.0)


@pytest.mark.parametrize("lag", [0, 1, 3, 5])
def test_any_other_memory_returns_chance(lag: int) -> None:
    envs = RepeatPrevious(num_envs=2000)
    assert returns(envs, lag).mean() == pytest.approx(envs.memoryless_return, abs=0.005)


def test_k_and_length_are_options_of_an_episode() -> None:
    envs = RepeatPrevious(num_envs=2)
    envs.reset(seed=0, options={"k": 2, "length": 3})
    ended = [envs.step(np.zeros(2, np.int64))[2].all() for _ in range(3)]
    assert ended == [False, False, True]


def test_an_episode_without_a_question_is_refused() -> None:
    with pytest.raises(ValueError, match="length=4"):
        RepeatPrevious(k=4, length=4)
    with pytest.raises(ValueError, match="length=64"):
        RepeatPrevious().reset(options={"k": 64})
    with pytest.raises(ValueError, match="symbols=1"):
        RepeatPrevious(symbols=1)
