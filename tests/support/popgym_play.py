"""Policies for whole batches, as generators: `observation = yield actions`; the first observation answers a bare yield.

What a policy keeps between two yields is its memory; `memoryless` makes a policy that keeps nothing.
"""

from collections.abc import Callable, Generator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from memorl.envs.popgym.task import POPGymTask

Array: TypeAlias = NDArray[Any]
Acting: TypeAlias = Generator[Any, Any, None]
Policy: TypeAlias = Callable[[POPGymTask, np.random.Generator], Acting]


def play(envs: POPGymTask, policy: Policy, seed: int = 0) -> Array:
    """Return the return of the first episode of each env."""
    acting = policy(envs, np.random.default_rng(seed))
    next(acting)
    observation, _ = envs.reset(seed=seed)
    returns = np.zeros(envs.num_envs)
    playing = np.ones(envs.num_envs, np.bool_)
    while playing.any():
        observation, rewards, terminated, truncated, _ = envs.step(acting.send(observation))
        returns += rewards * playing
        playing &= ~(terminated | truncated)
    return returns


def memoryless(choose: Callable[[Any, np.random.Generator], Any]) -> Policy:
    """Return a policy of the present observation alone."""

    def policy(envs: POPGymTask, rng: np.random.Generator) -> Acting:
        observation = yield
        while True:
            observation = yield choose(observation, rng)

    return policy


def draw(chances: Array, rng: np.random.Generator) -> Array:
    """Draw one choice for each row of chances [N, choices], which need not sum to 1."""
    upto = chances.cumsum(1)
    return (upto < rng.random((len(upto), 1)) * upto[:, -1:]).sum(1)
