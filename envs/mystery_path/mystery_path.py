"""Mystery Path: find an invisible path by falling off it, and remember it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, final

from gymnasium.spaces import Discrete, MultiDiscrete

from memorl.envs.drawing.canvas import Atlas, Scene
from memorl.envs.drawing.character import SCALE, SCALES, Figures, radius, sprite_size
from memorl.envs.drawing.picture_env import PictureEnv
from memorl.envs.engine.fields import Array
from memorl.envs.engine.loop import compile_game
from memorl.envs.engine.options import MAX_COUNT, Choices, Flag, Integer, Number

from . import endless_path, endless_rules, endless_view, rules, view
from .options import ENDLESS_KINDS, PARAMS, TILE, variant
from .scenery import add_scenery

_GAME = compile_game(rules.start, rules.advance, view.draw, view.draw_truth, view.describe)
_ENDLESS_GAME = compile_game(
    endless_rules.start, endless_rules.advance, endless_view.draw, endless_view.draw_truth, endless_view.describe
)


@final
class MysteryPath(PictureEnv):
    """Mystery Path, in three variants: continuous or grid movement to a goal, and a path without end.

    ## Task
    An invisible path leads across 7 x 7 tiles from one side of the picture to the opposite one. A figure that leaves it
    gets a red cross and stands at the start again after the next step. So the agent has to remember safe tiles and
    falls. Endless: the path goes on to the right for ever, the picture scrolls with the figure and shows only a few
    tiles of the path behind it; stamina runs out without progress.

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
    (one-hot), the figure's centre in pixels / 84, 1 for a cross, and for the first and the last tile 1 if it is shown
    and its centre / 84. Endless: facing, centre (its height, which may leave the picture, as (pixels + 12) / 108),
    cross, the red part of the stamina bar, the scrolling of the ice and of the trodden path (fractions of a tile), and
    the 8 x 7 tiles of the picture by column and row: 1 for a trodden one. Things outside the picture are 0.

    ## Rewards
    `reward_goal` 1 at the goal and `reward_path_progress` 0.1 (grid 0) for each tile of the path between its ends that
    is entered for the first time. Endless: `reward_path_progress` 0.1 for each new tile, `reward_path_progress_dense`
    for each tile entered for the first time since the last fall. `reward_fall_off` for a fall, `reward_step` always.

    ## Start
    On the first tile of a path that was drawn at random, facing up (endless: right).

    ## End
    At the goal or at the time limit. Infos at the end: `reward` (the return), `length`, `success`, `num_fails` (falls).
    Endless: after `stamina_level` steps without a tile that is new since the last fall, at a fall left of the furthest
    column or at the place of an earlier fall, or at `max_steps`. Infos at the end: `reward`, `length`, `num_fails`,
    `max_x` (furthest column), `tiles_visited`; in every info `ground_truth`, int64, one-hot: the next tile of the path
    is to the right, above or below.

    ## Arguments
    Memory Gym's reset parameters with its defaults, which `reset(options=...)` overrides for one episode; from the
    list `cardinal_origin_choice` (0 left, 1 right, 2 top, 3 bottom) the side of the start is drawn. A `max_steps` of 0
    or -1 is no limit. Grid has no `agent_speed` and ignores `agent_scale`. Endless has neither
    `cardinal_origin_choice`, `show_goal` nor `reward_goal`; it alone has `show_past_path`, `show_background`,
    `show_stamina`, `stamina_level`, `camera_offset_scale` and `reward_path_progress_dense`. The other arguments are
    explained at `BatchedEnv`.

    ## Source
    Pleines et al., Memory Gym: Partially Observable Challenges to Memory-Based Agents (ICLR 2023), and Memory Gym:
    Towards Endless Tasks to Benchmark Memory Capabilities of Agents (JMLR 2025), as code:
    https://github.com/MarcoMeter/endless-memory-gym v1.0.3. The same seed, options and actions give the same bytes.

    ## Differences
    Batched with autoreset; symbolic observations and `levels` are new. `agent_scale` from 0.1 to 1/3;
    `stamina_level` from 1; endless: `agent_speed` from -12 to 12 pixels, and the episode ends where more than 4096
    tiles of path would be needed, some 16,000 steps from the start. "No valid path found", an exception there,
    cannot happen: the walls never part the start from the goal.

    ## Quirks kept
    - Endless: the path sometimes goes a tile to the left (in about 0.4 % of its stretches of 8 columns). There is no
    such action, so the figure can go on only if a tile beyond is a neighbour. `ground_truth` then stays as it was.
    - Endless: `show_origin` shows nothing. The places of falls count for ever. The figure may be half outside the
    picture before it falls.
    - In the oldest column that is drawn of the trodden path only one tile is drawn.
    - The sprites of the figure are not quite symmetric.
    """

    info_keys: tuple[str, ...] = ("reward", "length", "success", "num_fails")

    def __init__(
        self,
        *,
        grid: bool = False,
        endless: bool = False,
        observation: str = "pixels",
        max_steps: Annotated[int | None, Integer(-1, MAX_COUNT)] = None,
        agent_scale: Annotated[float, SCALES] = SCALE,
        agent_speed: Annotated[float | None, Number(-1000, 1000)] = None,
        cardinal_origin_choice: Annotated[Sequence[int] | None, Choices(0, 3)] = None,
        show_origin: Annotated[bool, Flag()] = False,
        show_goal: Annotated[bool | None, Flag()] = None,
        show_past_path: Annotated[bool | None, Flag()] = None,
        show_background: Annotated[bool | None, Flag()] = None,
        show_stamina: Annotated[bool | None, Flag()] = None,
        visual_feedback: Annotated[bool, Flag()] = True,
        camera_offset_scale: Annotated[float | None, Number(-1000, 1000)] = None,
        stamina_level: Annotated[int | None, Integer(1, MAX_COUNT)] = None,
        reward_goal: Annotated[float | None, Number()] = None,
        reward_fall_off: Annotated[float, Number()] = 0.0,
        reward_path_progress: Annotated[float | None, Number()] = None,
        reward_path_progress_dense: Annotated[float | None, Number()] = None,
        reward_step: Annotated[float, Number()] = 0.0,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        threads: int = 1,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        if grid and endless:
            raise ValueError("grid is True; it must be False where endless is True")
        if endless:
            self.info_keys = ("reward", "length", "num_fails", "max_x", "tiles_visited")
            self.every_step_keys = ("ground_truth",)
        super().__init__(
            Discrete(4) if grid or endless else MultiDiscrete([3, 3]),
            _ENDLESS_GAME if endless else _GAME,
            locals(),
            symbols=endless_view.SYMBOLIC_FIELDS if endless else view.SYMBOLIC_FIELDS,
            state=endless_path.STATE if endless else rules.STATE,
            params=PARAMS,
            variant=variant(grid, endless),
            ranges=ENDLESS_KINDS if endless else {},
        )
        self.metadata = self.metadata | {"render_fps": 3 if grid else 25}

    def _derive_params(self, params: Array) -> None:
        atlas = Atlas()
        scenery = add_scenery(atlas)
        figures = Figures(atlas)
        for row in params:
            scale = SCALE if self.grid else float(row["agent_scale"])
            figures.derive(row, scale)
            row["grid"] = self.grid
            row["camera"] = TILE * max(0.0, min(5.5, float(row["camera_offset_scale"])))
            half = sprite_size(scale) // 2
            row["figure_x"] = int(radius(scale) - half + row["camera"]) + half
        self._scene = Scene(scenery, atlas.sprites())
