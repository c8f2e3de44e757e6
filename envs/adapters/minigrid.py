"""MiniGrid's tasks that ask for memory, with the small symbolic view as zeros and ones."""

from typing import Any, final

import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector import VectorObservationWrapper
from gymnasium.vector.utils import batch_space

from memorl.envs.engine.checks import check_render_mode

from .from_gymnasium import make_batch

TASKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "memory": ("MiniGrid-Memory{}-v0", ("S7", "S9", "S11", "S13", "S13Random", "S17Random")),
    "red_blue_doors": ("MiniGrid-RedBlueDoors-{}-v0", ("6x6", "8x8")),
}
_TILE = 8
"""Pixels of a tile of the pictures; a larger one shows no more."""


@final
class MiniGrid(VectorObservationWrapper):
    """MiniGrid's memory tasks: a cue at the start of a corridor, and two doors in their order.

    ## Task
    `task="memory"`: a key or a ball lies near the start. At the end of a corridor there is a key on one side and a ball
    on the other: go to the same kind. From S11 on the first object is then out of sight, and without memory the choice
    is a guess; in S7, S9 and equally short random corridors all three are in view when the agent looks back.

    `task="red_blue_doors"`: open the red door, then the blue one on the other side of the room, from where the red one
    is out of sight.

    | `env=` | `env.size` | time limit |
    |---|---|---|
    | `minigrid_memory` | S7, S9, S11, S13 and, with a corridor of random length, S13Random, S17Random | 5 side^2 |
    | `minigrid_red_blue_doors` | 6x6, 8x8 | 20 side^2 |

    The other tasks do not need memory by construction: ObstructedMaze, KeyCorridor, MultiRoom and the like show carried
    objects and open doors, and memory only speeds up the search; Fetch, GoTo and PutNear always show their sentence.
    MiniGrid's authors found RedBlueDoors to be solvable without memory, too; it is here as it is much used.

    ## Actions
    `Discrete(7)`: 0 turn left, 1 turn right, 2 forward, 3 pick up, 4 drop, 5 toggle, 6 done, as MiniGrid's.

    ## Observations
    uint8 (980,), zeros and ones: the 7 x 7 tiles in front of the figure, each one-hot in 11 kinds of object, 6 colours
    and 3 states (of doors), by column, row, then these 20. This is MiniGrid's `image`, without direction and sentence.

    ## Rewards
    1 - 0.9 steps / limit for the right object or door, 0 for the wrong one and at the time limit.

    ## Start
    Between the first object, which may be behind the figure, and the end of the corridor, facing that end
    (red_blue_doors: anywhere in the room, facing anywhere).

    ## End
    At the right or wrong object or door, or at the time limit, which is a truncation. Infos at the end: `success`.

    ## Arguments
    `task`; `size`; `num_envs`; `render_mode`: `"rgb_array"` is what the figure sees, `"debug_rgb_array"` the whole
    grid.

    ## Source
    Chevalier-Boisvert et al., Minigrid and Miniworld: Modular and Customizable Reinforcement Learning Environments for
    Goal-Oriented Tasks (NeurIPS 2023); https://minigrid.farama.org. The same seed gives the same episode.

    ## Differences
    These environments step one after the other in Python, some thousand steps a second. Their state cannot be saved: a
    resumed run begins new episodes.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array", "debug_rgb_array"], "render_fps": 10}  # noqa: RUF012

    def __init__(
        self, task: str = "memory", size: str = "S9", *, num_envs: int = 1, render_mode: str | None = None
    ) -> None:
        for name, value, known in (("task", task, TASKS), ("size", size, TASKS.get(task, ("", ()))[1])):
            if value not in known:
                raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(known)}")
        check_render_mode(render_mode, MiniGrid.metadata)
        try:
            import minigrid.wrappers
        except ImportError as error:
            raise ValueError(f"env needs MiniGrid ({error}): pip install minigrid") from error
        pictures: dict[str, Any] = {}
        if render_mode:
            pictures = {"render_mode": "rgb_array", "agent_pov": render_mode == "rgb_array", "tile_size": _TILE}
        wrappers = (minigrid.wrappers.ImgObsWrapper,)
        super().__init__(make_batch(TASKS[task][0].format(size), num_envs, "sync", wrappers, **pictures))
        self.metadata = self.env.metadata | MiniGrid.metadata
        self._mode = render_mode
        from minigrid.core.constants import COLOR_TO_IDX, OBJECT_TO_IDX, STATE_TO_IDX

        self._kinds = len(OBJECT_TO_IDX), len(COLOR_TO_IDX), len(STATE_TO_IDX)
        tiles = int(np.prod((self.env.single_observation_space.shape or ())[:2]))
        self.single_observation_space = Box(0, 1, (tiles * sum(self._kinds),), np.uint8)
        self.observation_space = batch_space(self.single_observation_space, num_envs)

    @property
    def render_mode(self) -> str | None:  # type: ignore[override]
        """The render mode."""
        return self._mode

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Step every env."""
        observation, rewards, terminated, truncated, infos = super().step(actions)
        last = terminated | truncated
        if last.any():
            infos = infos | {"success": last & (rewards > 0), "_success": last}
        return observation, rewards, terminated, truncated, infos

    def observations(self, observations: Any) -> Any:
        """Return images, uint8 [N, 7, 7, 3], as zeros and ones [N, 980]."""
        parts = [np.eye(n, dtype=np.uint8)[observations[..., i]] for i, n in enumerate(self._kinds)]
        return np.concatenate(parts, axis=-1).reshape(len(observations), -1)
