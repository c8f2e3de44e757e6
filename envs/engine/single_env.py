"""One env of a batch as a plain `gymnasium.Env`, the same game without autoreset; and the registration of both."""

from abc import ABC
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded

from .batched_env import BatchedEnv
from .observations import info_of_row, row_of


class SingleEnv(gymnasium.Env[Any, Any], ABC):
    """A batch of one without its batch dimension; keyword arguments go to `batch`."""

    batch: ClassVar[Any]
    """The batched environment, a class."""

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
        return row_of(observation, 0), info_of_row(infos, 0)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Advance by one action; ResetNeeded after the end of an episode."""
        if not self._is_playing:
            raise ResetNeeded("the episode is over: call reset")
        observation, rewards, terminated, truncated, infos = self._batch.step(np.asarray(action)[None])
        self._is_playing = not (terminated[0] or truncated[0])
        flags = (bool(terminated[0]), bool(truncated[0]))
        return row_of(observation, 0), float(rewards[0]), *flags, info_of_row(infos, 0)

    def render(self) -> Any:
        """Return the picture [y][x][channel], or None without a render mode or with a window."""
        pictures = self._batch.render()
        return None if pictures is None else pictures[0]

    def close(self) -> None:
        """Close the window, if there is one."""
        self._batch.close()


def _without_autoreset(batch: Any) -> dict[str, Any]:
    return {key: value for key, value in batch.metadata.items() if key != "autoreset_mode"}


def register(name: str, batch: type[BatchedEnv], **arguments: Any) -> None:
    """Register `memorl/<name>`: `batch` with these arguments.

    The class of one env is an attribute of this module, where Gymnasium's entry point and pickle look for it by name.
    """
    single = f"Single{batch.__name__}"
    if single not in globals():
        doc = f"One {batch.__name__} as a plain Gymnasium environment; its arguments are those of `{batch.__name__}`."
        globals()[single] = type(single, (SingleEnv,), {"batch": batch, "__doc__": doc, "__module__": __name__})
    gymnasium.register(
        id=f"memorl/{name}",
        entry_point=f"{__name__}:{single}",
        vector_entry_point=f"{batch.__module__}:{batch.__name__}",
        kwargs=arguments,
    )
