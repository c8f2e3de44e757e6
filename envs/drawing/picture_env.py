"""Batched environments with pictures: the agent's, those of the ground truth, and a window.

Pictures are drawn [x][y][channel], as Memory Gym's observations are, and rendered [y][x][channel].
"""

from abc import ABC
from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete, Space

from memorl.envs.engine.batched_env import BatchedEnv
from memorl.envs.engine.loop import Game
from memorl.envs.engine.options import Flag, encode

from .canvas import SIZE
from .window import Picture, Window, mosaic

ENLARGED = 4


class PictureEnv(BatchedEnv, ABC):
    """A batched environment with pictures of 84 x 84 pixels.

    `render_mode` is one of

    - `"rgb_array"`: `render` returns what the agent sees, uint8 [84][84][3] of each env;
    - `"debug_rgb_array"`: it returns the ground truth instead, enlarged, [336][336][3], as Memory Gym's does;
    - `"human"`: a window shows the ground truth of all envs after every reset and step; `render` returns None.

    Args:
        action_space: The space of the action of one env.
        game: The compiled loops.
        arguments: The arguments of the subclass's constructor; those that pick a variant become attributes.
        symbols: The names of the values of the symbolic observation.
        bounds: The lowest and the highest value of the symbolic observation.
        vector_size: The length of a vector from 0 to 1 that is observed beside the picture, if any.
        records: `state`, `params`, `variant` and `ranges` of `BatchedEnv`.
    """

    metadata = BatchedEnv.metadata | {"render_modes": ["rgb_array", "debug_rgb_array", "human"], "render_fps": 25}
    grid: bool = False
    act_only: bool = False
    endless: bool = False
    _window: Window | None = None

    def __init__(
        self,
        action_space: Discrete | MultiDiscrete,
        game: Game,
        arguments: Mapping[str, Any],
        *,
        symbols: tuple[str, ...],
        bounds: tuple[float, float] = (0, 1),
        vector_size: int = 0,
        **records: Any,
    ) -> None:
        flags = {name: arguments[name] for name in ("grid", "act_only", "endless") if name in arguments}
        for name, flag in encode(dict.fromkeys(flags, Flag()), flags).items():
            setattr(self, name, flag)
        observation = arguments["observation"]
        if observation not in ("pixels", "symbolic"):
            raise ValueError(f"observation is {observation!r}; it must be 'pixels' or 'symbolic'")
        self.symbolic = observation == "symbolic"
        self.symbolic_fields = symbols
        self._game = game
        space: Space[Any] = Box(0, 255, (SIZE, SIZE, 3), np.uint8)
        if self.symbolic:
            space = Box(*bounds, (len(symbols),), np.float32)
        elif vector_size:
            vector = Box(0, 1, (vector_size,), np.float32)
            space = Dict({"visual_observation": space, "vector_observation": vector})
        super().__init__(space, action_space, game.step_batch, arguments, **records)

    def render(self) -> tuple[Picture, ...] | None:
        """Return the picture [y][x][channel] of each env, or None without a render mode or with a window."""
        if self.render_mode is None:
            return None
        draw = self._game.draw_batch if self.render_mode == "rgb_array" else self._game.draw_truth_batch
        pixels = np.empty((self.num_envs, SIZE, 3 * SIZE), np.uint8)
        draw(self._state, self._params, self._scene, pixels)
        pictures = pixels.reshape(-1, SIZE, SIZE, 3).swapaxes(1, 2)
        if self.render_mode == "rgb_array":
            return tuple(pictures)
        pictures = pictures.repeat(ENLARGED, 1).repeat(ENLARGED, 2)
        if self.render_mode == "debug_rgb_array":
            return tuple(pictures)
        self._window = self._window or Window(type(self).__name__, self.metadata["render_fps"])
        self._window.show(mosaic(list(pictures)))
        return None

    def close_extras(self, **kwargs: Any) -> None:
        """Close the window, and end the threads."""
        super().close_extras(**kwargs)
        if self._window is not None:
            self._window.close()
            self._window = None
