"""One env of a batch as a plain `gymnasium.Env`: the same game, unbatched arrays, no autoreset."""

from abc import ABC
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded

from .batched_env import BatchedEnv


class SingleEnv(gymnasium.Env[Any, Any], ABC):
    """A batch of one without its batch dimension; keyword arguments go to `batch`."""

    batch: ClassVar[type[BatchedEnv]]

    def __init_subclass__(cls) -> None:
        cls.metadata = _without_autoreset(cls.batch)

    def __init__(self, **arguments: Any) -> None:
        self._batch = self.batch(num_envs=1, **arguments)
        self.metadata = _without_autoreset(self._batch)
        self.observation_space = self._batch.single_observation_space
        self.action_space = self._batch.single_action_space
        self.render_mode = self._batch.render_mode
        self._is_playing = False

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; see `BatchedEnv.reset`."""
        super().reset(seed=seed)
        observation, infos = self._batch.reset(seed=seed, options=options)
        self._is_playing = True
        return _first(observation), _info(infos)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Advance by one action; ResetNeeded after the end of an episode."""
        if not self._is_playing:
            raise ResetNeeded("the episode is over: call reset")
        observation, rewards, ends, _, infos = self._batch.step(np.asarray(action)[None])
        self._is_playing = not ends[0]
        return _first(observation), float(rewards[0]), bool(ends[0]), False, _info(infos)

    def render(self) -> Any:
        """Return the picture [y][x][channel], or None without a render mode or with a window."""
        pictures = self._batch.render()
        return None if pictures is None else pictures[0]

    def close(self) -> None:
        """Close the window, if there is one."""
        self._batch.close()


def _without_autoreset(batch: Any) -> dict[str, Any]:
    return {key: value for key, value in batch.metadata.items() if key != "autoreset_mode"}


def _first(observation: Any) -> Any:
    return {key: value[0] for key, value in observation.items()} if isinstance(observation, dict) else observation[0]


def _info(infos: dict[str, Any]) -> dict[str, Any]:
    """Return the infos of the env: numbers as Python's own, vectors as arrays."""
    values = {key: value[0] for key, value in infos.items() if not key.startswith("_")}
    return {key: value if value.ndim else value.item() for key, value in values.items()}
