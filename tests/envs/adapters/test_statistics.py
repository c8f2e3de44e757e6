"""Wrappers with running statistics are warned of, wherever they are in an environment."""

import warnings
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv, VectorEnv, VectorObservationWrapper
from gymnasium.wrappers import NormalizeReward, RecordEpisodeStatistics, vector

from memorl.envs import FromGymnasium, NextStep, make, prepare_batch


class Centred(gymnasium.ObservationWrapper[Any, Any, Any]):
    """A user's own running mean."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env)
        self.mean = 0.0

    def observation(self, observation: Any) -> Any:
        self.mean = 0.9 * self.mean + 0.1 * observation
        return observation - self.mean


class Moments:
    """Has a mean and a variance, under a name that tells nothing."""

    mean = 0.0
    var = 1.0


class CentredBatch(VectorObservationWrapper):
    """A user's own statistics of a batch."""

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        super().__init__(env)
        self.known = Moments()

    def observations(self, observations: Any) -> Any:
        return observations


def gym(wrapper: Any, mode: Any = "sync") -> VectorEnv[Any, Any, Any]:
    return FromGymnasium("CartPole-v1", num_envs=2, vectorization_mode=mode, wrappers=[wrapper])


def cart(wrapper: Callable[[Any], Any] = lambda env: env) -> Callable[[], Any]:
    return lambda: wrapper(gymnasium.make("CartPole-v1"))


OBSERVATIONS = r"model\.normalize_observations"
VALUES = r"agent\.normalize_values"


class Held(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Has an attribute of any value."""

    def __init__(self, env: Any, running: Any) -> None:
        super().__init__(env)
        self.running = running


HELD = {
    "dictionary": {"mean": 0.0, "var": 1.0, "count": 0},
    "dictionary of arrays": {"obs_mean": np.zeros(2), "obs_std": np.ones(2)},
    "dictionary of dictionaries": {"obs": {"mu": 0.0, "m2": 0.0}},
    "dictionary of objects": {"obs": Moments()},
    "list of objects": [Moments()],
}
LOOP: dict[str, Any] = {"mean": 0.0}
LOOP["loop"] = LOOP
NOT_HELD = {"a mean alone": {"mean": 0.0}, "arrays": [np.zeros(2)], "itself": LOOP, "others": {"gain": 1.0, 3: 4}}


def held(value: Any) -> Callable[[], VectorEnv[Any, Any, Any]]:
    return lambda: SyncVectorEnv([cart(lambda env: Held(env, value))])


WITH: dict[str, tuple[Callable[[], VectorEnv[Any, Any, Any]], str]] = {
    "observations": (lambda: gym("gymnasium.wrappers.NormalizeObservation"), OBSERVATIONS),
    "observations, async": (lambda: gym("gymnasium.wrappers.NormalizeObservation", "async"), OBSERVATIONS),
    "rewards": (lambda: gym(NormalizeReward), VALUES),
    "rewards, async": (lambda: gym(NormalizeReward, "async"), VALUES),
    "a user's": (lambda: gym(Centred), OBSERVATIONS),
    "a user's, async": (lambda: gym(Centred, "async"), OBSERVATIONS),
    "a user's batch": (lambda: SyncVectorEnv([cart(Centred)]), OBSERVATIONS),
    "a user's async batch": (lambda: AsyncVectorEnv([cart(NormalizeReward)]), VALUES),
    "of a batch": (lambda: vector.NormalizeObservation(SyncVectorEnv([cart()])), OBSERVATIONS),
    "of a batch, inside": (lambda: NextStep(vector.NormalizeReward(SyncVectorEnv([cart()]))), VALUES),
    "a user's of a batch": (lambda: CentredBatch(SyncVectorEnv([cart()])), OBSERVATIONS),
    **{name: (held(value), OBSERVATIONS) for name, value in HELD.items()},
}


@pytest.mark.parametrize("kind", WITH)
def test_a_wrapper_with_statistics_of_its_own_is_warned_of(kind: str) -> None:
    make_env, instead = WITH[kind]
    env = make_env()
    try:
        with pytest.warns(UserWarning, match=rf"statistics of its own .*not saved.*{instead}"):
            prepare_batch(env)
    finally:
        env.close()


WITHOUT: dict[str, Callable[[], VectorEnv[Any, Any, Any]]] = {
    "counts episodes": lambda: gym(RecordEpisodeStatistics),
    "counts episodes, async": lambda: gym(RecordEpisodeStatistics, "async"),
    "counts episodes of a batch": lambda: vector.RecordEpisodeStatistics(SyncVectorEnv([cart()])),
    "game": lambda: make("mortar_mayhem_grid"),
    "task": lambda: make("repeat_previous"),
    **{name: held(value) for name, value in NOT_HELD.items()},
}


@pytest.mark.parametrize("kind", WITHOUT)
def test_others_are_not_warned_of(kind: str) -> None:
    env = WITHOUT[kind]()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare_batch(env)
    env.close()
