"""Correct the bounds of MiniGrid's observation spaces, which say 0 .. 255 whatever the observations contain.

Codes of what is in a cell reach 10, and one-hot ones 1. Networks scale bytes by their bounds, so these have to be true.
"""

import sys
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

Make = Callable[[Any], Any]

LARGEST_CODE = 10
"""The largest code of an object, a colour or a state."""


def correct_bounds(env: Any) -> Any:
    """Return the environment; if it is one of MiniGrid's that shows codes, its space has the bounds of these codes."""
    if "minigrid" not in sys.modules:
        return env
    from minigrid import wrappers
    from minigrid.minigrid_env import MiniGridEnv

    space = env.observation_space
    if isinstance(env, wrappers.FlatObsWrapper):
        image = env.env.observation_space["image"].high.ravel()
        mission = np.ones(space.shape[0] - image.size, np.uint8)
        env.observation_space = spaces.Box(np.uint8(0), np.concatenate([image, mission]), space.shape, np.uint8)
    elif isinstance(env, wrappers.OneHotPartialObsWrapper):
        _bound_image(env, 1)
    elif isinstance(env, wrappers.FullyObsWrapper | wrappers.ViewSizeWrapper):
        _bound_image(env, LARGEST_CODE)
    elif _is_plain(env, MiniGridEnv):
        _bound_image(env.unwrapped, LARGEST_CODE)
    return env


class Corrected:
    """A wrapper's constructor, whose environment then has true bounds."""

    def __init__(self, make: Make) -> None:
        self.make = make

    def __call__(self, env: gymnasium.Env[Any, Any]) -> Any:
        """Return the wrapped environment."""
        return correct_bounds(self.make(env))


def _is_plain(env: Any, base: Any) -> bool:
    """Return whether an environment shows MiniGrid's own observations, made by MiniGrid's own method."""
    own = env.unwrapped
    return (
        isinstance(own, base) and type(own).gen_obs is base.gen_obs and env.observation_space is own.observation_space
    )


def _bound_image(env: Any, largest: int) -> None:
    parts = env.observation_space.spaces
    image = spaces.Box(0, largest, parts["image"].shape, np.uint8)
    env.observation_space = spaces.Dict({**parts, "image": image})
