"""Batched environments that can be looked at: the agent's picture, the ground truth, and a window.

Pictures are drawn [x][y][channel], as Memory Gym's observations are, and handed out [y][x][channel].
"""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE
from memorl.envs.compiled import Record
from memorl.envs.core import BatchedEnv
from memorl.envs.options import Flag, encode
from memorl.envs.window import Picture, Window, mosaic

ENLARGED = 4


def is_symbolic(observation: str, **flags: bool) -> bool:
    """Whether observations are symbols; ValueError for another kind, or for what picks a variant and is no bool."""
    encode(dict.fromkeys(flags, Flag()), flags)
    if observation not in ("pixels", "symbolic"):
        raise ValueError(f"{observation=} is not allowed: choose from 'pixels' and 'symbolic'")
    return observation == "symbolic"


class PictureEnv(BatchedEnv, ABC):
    """A batched environment with pictures of 84 x 84 pixels; subclasses draw them.

    `render_mode` is one of

    - `"rgb_array"`: `render` returns what the agent sees, uint8 [84][84][3] of each env;
    - `"debug_rgb_array"`: it returns the ground truth instead, enlarged, [336][336][3], as Memory Gym's does;
    - `"human"`: a window shows the ground truth of all envs after every reset and step; `render` returns None.
    """

    metadata = BatchedEnv.metadata | {"render_modes": ["rgb_array", "debug_rgb_array", "human"], "render_fps": 25}
    _window: Window | None = None

    @abstractmethod
    def _paint(self, pixels: NDArray[np.uint8]) -> None:
        """Draw what the agent of each env sees into pixels [N][84][252]."""

    @abstractmethod
    def _truths(self) -> NDArray[np.uint8]:
        """The ground truth of each env, [N][84][84][3]."""

    def _views(self) -> NDArray[np.uint8]:
        pixels = np.empty((self.num_envs, SIZE, 3 * SIZE), np.uint8)
        self._paint(pixels)
        return pixels.reshape(-1, SIZE, SIZE, 3)

    def _envs(self) -> list[tuple[Record, Record]]:
        """Record and rules of each env, their fields as attributes."""
        state, rules = self._state.view(np.recarray), self._rules.view(np.recarray)
        return [(env, rules[env.row]) for env in state]

    def render(self) -> tuple[Picture, ...] | None:
        """The picture [y][x][channel] of each env, or None without a render mode or with a window."""
        if self.render_mode is None:
            return None
        if self.render_mode == "rgb_array":
            return tuple(self._views().swapaxes(1, 2))
        truths = self._truths().swapaxes(1, 2).repeat(ENLARGED, 1).repeat(ENLARGED, 2)
        if self.render_mode == "debug_rgb_array":
            return tuple(truths)
        self._window = self._window or Window(type(self).__name__, self.metadata["render_fps"])
        self._window.show(mosaic(list(truths)))
        return None

    def close_extras(self, **kwargs: Any) -> None:
        """Close the window, and end the threads."""
        super().close_extras(**kwargs)
        if self._window is not None:
            self._window.close()
            self._window = None
