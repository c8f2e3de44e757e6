"""Mystery Path: find an invisible path by falling off it, and remember it."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from gymnasium.spaces import Box, Discrete, MultiDiscrete, Space
from numpy.typing import NDArray

from memorl.envs import (
    endless_path,
    endless_path_rules,
    endless_path_truth,
    endless_path_view,
    mystery_rules,
    mystery_truth,
    mystery_view,
)
from memorl.envs.canvas import SIZE, Atlas
from memorl.envs.character import SCALE, add_character, radius, sprite_size, strides
from memorl.envs.core import Observation
from memorl.envs.episodes import Array
from memorl.envs.mystery_options import RULES, TILE, variant
from memorl.envs.pictures import PictureEnv, is_symbolic
from memorl.envs.single import SingleEnv
from memorl.envs.snapshot import Bounds

_NO_PIXELS = np.empty((0, SIZE, SIZE, 3), np.uint8)
_NO_VECTORS = np.empty((0, 0), np.float32)


@final
class MysteryPath(PictureEnv):
    """Mystery Path, in three variants: continuous or grid movement to a goal, and a path without end.

    ## Task
    An invisible path leads across 7 x 7 tiles from one side of the picture to the opposite one. Whoever leaves it sees
    a red cross and is put back to its start by the next step. So the tiles that were safe and the falls have to be
    remembered. Endless: the path goes on to the right for ever, the picture scrolls with the figure and shows only a
    few tiles of the path behind it; stamina runs out without progress.

    | id | arguments | time limit |
    |---|---|---|
    | `memorl/MysteryPath-v0` | | 512 |
    | `memorl/MysteryPath-Grid-v0` | `grid=True` | 128 |
    | `memorl/Endless-MysteryPath-v0` | `endless=True` | none, but 20 steps a new tile |

    ## Actions
    `MultiDiscrete([3, 3])`: horizontal (0 stay, 1 left, 2 right) and vertical (0 stay, 1 up, 2 down); 3 pixels a
    step, 2 on each axis diagonally. Grid: `Discrete(4)`: 0 stay, 1 turn left, 2 turn right, 3 one tile forward.
    Endless: `Discrete(4)`: 0 stay, 1 right, 2 up, 3 down. Ignored in the step after a fall.

    ## Observations
    `observation="pixels"`: uint8 (84, 84, 3), indexed [x][y][channel] as Memory Gym's.

    `observation="symbolic"`: float32 vector in [0, 1] of what the picture shows, named by `symbolic_fields`: facing
    (one-hot), the figure's centre in pixels / 84, whether the cross is there, and of the first and the last tile
    whether they are shown and then their centre / 84. Endless: facing, centre (its height, which may leave the picture,
    as (pixels + 12) / 108), cross, the red part of the stamina bar, how far the ice is scrolled (fraction of a tile),
    how far the trodden path is, and the 8 x 7 tiles of the picture by column and row: 1 where it shows a trodden one.
    What is not shown is 0; of a figure that is partly outside the picture all is told.

    ## Rewards
    `reward_goal` 1 at the goal and `reward_path_progress` 0.1 (grid 0) for each tile of the path between its ends that
    is entered for the first time. Endless: `reward_path_progress` 0.1 for each new tile, `reward_path_progress_dense`
    for each tile entered for the first time since the last fall. `reward_fall_off` for a fall, `reward_step` always.

    ## Start
    On the first tile of a path that was drawn at random, facing up (endless: right).

    ## End
    At the goal or at the time limit. Infos at the end: `reward` (the return), `length`, `success`, `num_fails` (falls).
    Endless: when `stamina_level` steps passed without a tile that is new since the last fall, at a fall left of the
    furthest column reached or on a tile that was fallen on before, or at `max_steps`. Infos at the end: `reward`,
    `length`, `num_fails`, `max_x` (furthest column), `tiles_visited`; and in every info `ground_truth`: int64 one-hot
    whether the next tile of the path is to the right, above or below.

    ## Arguments
    Memory Gym's reset parameters with its defaults, which `reset(options=...)` overrides for one episode; from the
    list `cardinal_origin_choice` (0 left, 1 right, 2 top, 3 bottom) the side of the start is drawn. A `max_steps` of 0
    or -1 is no limit. Grid has no `agent_speed` and ignores `agent_scale`. Endless has neither
    `cardinal_origin_choice`, `show_goal` nor `reward_goal`; it alone has `show_past_path`, `show_background`,
    `show_stamina`, `stamina_level`, `camera_offset_scale` and `reward_path_progress_dense`. The other arguments are
    those of `BatchedEnv`.

    ## Source
    Pleines et al., Memory Gym: Partially Observable Challenges to Memory-Based Agents (ICLR 2023), and Memory Gym:
    Towards Endless Tasks to Benchmark Memory Capabilities of Agents (JMLR 2025);
    https://github.com/MarcoMeter/endless-memory-gym v1.0.3. Same seed, options and actions give the same observations
    byte for byte, rewards, ends and infos.

    ## Differences
    Batched with autoreset; symbolic observations and `levels` are new. `agent_scale` from 0.1 to 1/3;
    `stamina_level` from 1; endless: `agent_speed` from -12 to 12 pixels, and the episode ends where more than 4096
    tiles of path would be needed, some 16,000 steps from the start. "No valid path found", an exception there,
    cannot happen: the walls never part the start from the goal.

    ## Quirks kept
    - Endless: the path sometimes goes a tile to the left (in about 0.4 % of its stretches of 8 columns). There is no
      such action, so that it goes no further, unless a tile beyond is a neighbour by chance. `ground_truth` then still
      holds the direction before.
    - Endless: `show_origin` shows nothing. The tiles fallen on are never forgotten, however far the figure got since.
    - Endless: the figure can be seen half outside the picture before it falls.
    - In the oldest column that is drawn of the trodden path only one tile is drawn.
    - The sprites of the figure are not quite symmetric.
    """

    def __init__(
        self,
        *,
        grid: bool = False,
        endless: bool = False,
        observation: str = "pixels",
        max_steps: int | None = None,
        agent_scale: float | None = None,
        agent_speed: float | None = None,
        cardinal_origin_choice: Sequence[int] | None = None,
        show_origin: bool | None = None,
        show_goal: bool | None = None,
        show_past_path: bool | None = None,
        show_background: bool | None = None,
        show_stamina: bool | None = None,
        visual_feedback: bool | None = None,
        camera_offset_scale: float | None = None,
        stamina_level: int | None = None,
        reward_goal: float | None = None,
        reward_fall_off: float | None = None,
        reward_path_progress: float | None = None,
        reward_path_progress_dense: float | None = None,
        reward_step: float | None = None,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        threads: int = 1,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        given = {
            "max_steps": max_steps,
            "agent_scale": agent_scale,
            "agent_speed": agent_speed,
            "cardinal_origin_choice": cardinal_origin_choice,
            "show_origin": show_origin,
            "show_goal": show_goal,
            "show_past_path": show_past_path,
            "show_background": show_background,
            "show_stamina": show_stamina,
            "visual_feedback": visual_feedback,
            "camera_offset_scale": camera_offset_scale,
            "stamina_level": stamina_level,
            "reward_goal": reward_goal,
            "reward_fall_off": reward_fall_off,
            "reward_path_progress": reward_path_progress,
            "reward_path_progress_dense": reward_path_progress_dense,
            "reward_step": reward_step,
        }
        self.grid, self.endless = grid, endless
        self.symbolic = is_symbolic(observation, grid=grid, endless=endless)
        if grid and endless:
            raise ValueError(f"{grid=} is not allowed: the endless path has no grid variant")
        if endless:
            self.info_keys = ("reward", "length", "num_fails", "max_x", "tiles_visited")
            self.every_step_keys = ("ground_truth",)
            self.symbolic_fields = endless_path_view.LOOK_NAMES
        else:
            self.info_keys = ("reward", "length", "success", "num_fails")
            self.symbolic_fields = mystery_view.LOOK_NAMES
        options, defaults = variant(grid, endless)
        super().__init__(
            self._space(),
            Discrete(4) if grid or endless else MultiDiscrete([3, 3]),
            options,
            defaults | {name: value for name, value in given.items() if value is not None},
            state=endless_path_rules.STATE if endless else mystery_rules.STATE,
            rules=RULES,
            num_envs=num_envs,
            levels=levels,
            threads=threads,
            copy=copy,
            render_mode=render_mode,
        )
        self.metadata = self.metadata | {"render_fps": 3 if grid else 25}

    def _space(self) -> Space[Any]:
        if self.symbolic:
            return Box(0, 1, (len(self.symbolic_fields),), np.float32)
        return Box(0, 255, (SIZE, SIZE, 3), np.uint8)

    def _derive(self, rules: Array) -> None:
        self._atlas = Atlas()
        self._scenery = mystery_view.add_scenery(self._atlas)
        self._figures: dict[float, int] = {}
        for rule in rules:
            scale = SCALE if self.grid else float(rule["agent_scale"])
            if scale not in self._figures:
                self._figures[scale] = add_character(self._atlas, scale)
            rule["grid"], rule["figure"], rule["radius"] = self.grid, self._figures[scale], radius(scale)
            rule["straight"], rule["diagonal"] = strides(rule["agent_speed"])
            rule["camera"] = TILE * max(0.0, min(5.5, float(rule["camera_offset_scale"])))
            half = sprite_size(scale) // 2
            rule["figure_x"] = int(radius(scale) - half + rule["camera"]) + half
        self._sprites = self._atlas.sprites()

    def _bounds(self, state: Array, rules: Array) -> Bounds:
        return endless_path.bounds(state, rules) if self.endless else mystery_rules.BOUNDS

    def _play(self, actions: Array, observation: Observation, rewards: Array, ends: Array) -> None:
        pixels, vectors = (_NO_PIXELS, observation) if self.symbolic else (observation, _NO_VECTORS)
        play = endless_path_rules.play if self.endless else mystery_rules.play
        self._spread(
            play,
            actions,
            self._state,
            self._rules,
            self._levels,
            self._scenery,
            self._sprites,
            pixels.reshape(len(pixels), SIZE, 3 * SIZE),
            vectors,
            rewards,
            ends,
        )

    def _paint(self, pixels: NDArray[np.uint8]) -> None:
        paint = endless_path_view.paint if self.endless else mystery_view.paint
        paint(self._state, self._rules, self._scenery, self._sprites, pixels)

    def _truths(self) -> NDArray[np.uint8]:
        draw = endless_path_truth.draw_truth if self.endless else mystery_truth.draw_truth
        return np.stack([draw(env, rules, self._scenery, self._sprites) for env, rules in self._envs()])


class SingleMysteryPath(SingleEnv):
    """One Mystery Path as a plain Gymnasium environment; its arguments are those of `MysteryPath`."""

    batch = MysteryPath
