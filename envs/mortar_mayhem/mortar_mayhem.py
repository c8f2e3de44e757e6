"""Mortar Mayhem: watch a list of commands, then carry it out from memory while the floor explodes."""

from collections.abc import Mapping, Sequence
from typing import Annotated, final

import numpy as np
from gymnasium.spaces import Discrete, MultiDiscrete

from memorl.envs.drawing.canvas import SIZE, Atlas, Scene
from memorl.envs.drawing.character import SCALE, SCALES, Figures
from memorl.envs.drawing.picture_env import PictureEnv
from memorl.envs.engine.fields import Array
from memorl.envs.engine.loop import compile_game
from memorl.envs.engine.options import MAX_COUNT, Choices, Flag, Integer, Number

from .arena import SLOT_ORDER, add_scenery
from .endless import report
from .options import ACT_ONLY_KINDS, COMMAND_VECTOR, ENDLESS_SIZE, MAX_COMMANDS, OUTSIDE, PARAMS, STATE, variant
from .rules import advance, start
from .view import SYMBOLIC_FIELDS, describe, draw, draw_truth

_SLOT_NAMES = tuple(f"slot_{slot}_{name}" for slot in range(COMMAND_VECTOR // 9) for name in SLOT_ORDER)
_GAME = compile_game(start, advance, draw, draw_truth, describe, report)


@final
class MortarMayhem(PictureEnv):
    """Mortar Mayhem: continuous or grid movement, commands shown once or (act-only) always observed; and endless.

    ## Task
    A figure stands on an arena of tiles. Commands appear one by one in the middle of the picture: go to a neighbouring
    tile, or stay. After the last command the figure may move. From time to time all tiles explode except the target of
    the next command; a figure elsewhere is out. So the agent has to remember the list while it carries it out.

    Endless: the list has one command at first, and starts over after each pass with a new command at its end. Only the
    new command is shown, and a running explosion waits meanwhile. The arena is a torus: figure and target leave the
    picture on one side and enter on the other. Memory has to reach back to the very first steps.

    | id | arguments | steps of a solved episode |
    |---|---|---|
    | `memorl/MortarMayhem-v0` | | 274 |
    | `memorl/MortarMayhem-Grid-v0` | `grid=True` | 118 |
    | `memorl/MortarMayhemB-v0` | `act_only=True` | 235 |
    | `memorl/MortarMayhemB-Grid-v0` | `grid=True, act_only=True` | 79 |
    | `memorl/Endless-MortarMayhem-v0` | `endless=True` | goes on |

    ## Actions
    `MultiDiscrete([3, 3])`: horizontal (0 stay, 1 left, 2 right) and vertical (0 stay, 1 up, 2 down); 3 pixels a
    step, 2 on each axis diagonally. Grid: `Discrete(4)`: 0 stay, 1 turn left, 2 turn right, 3 one tile forward.
    Ignored while commands are shown.

    ## Observations
    `observation="pixels"`: uint8 (84, 84, 3), indexed [x][y][channel] as Memory Gym's. Act-only: a dict of this,
    `visual_observation`, and the commands, `vector_observation`: float32 (180,), 20 slots x one-hot of stay, right,
    left, up, down, right_down, right_up, left_down, left_up.

    `observation="symbolic"`: float32 vector in [0, 1] of what the picture shows, named by `symbolic_fields`: facing and
    shown command (one-hot, zeros if none), the figure's centre in pixels / 84, arena_size / 6, whether the floor is
    exploded and then the centre of the safe tile / 84; act-only: and the 180 values of the commands. The centre of an
    endless figure may be a little outside the picture, -0.05 to 1.05; facing and centre are 0 if nothing of it shows.

    ## Rewards
    0.1 for standing on the right tile at an explosion, so that a solved episode returns 1 with the default ten
    commands. `reward_command_failure` for being elsewhere, `reward_episode_success` on top for the last command;
    endless: `reward_new_command_success` on top at the end of the list.

    ## Start
    On a uniformly drawn tile, facing up; act-only with continuous movement, and endless: up to 2 pixels off its centre.
    Commands are drawn uniformly among those that stay inside the arena; endless: among all.

    ## End
    The last command was judged, or the figure was on a deadly tile; there is no time limit. Infos at the end: `reward`
    (the return), `length`, `success`, `commands_completed` (fraction).

    Endless: the figure was on a deadly tile, or `max_steps` steps were made (-1: no limit), which counts as an end for
    good, as in Memory Gym. Infos at the end: `reward`, `length`, `commands_completed` (number), `max_command_sequence`
    (length of the longest completed list); at every reset and step: `ground_truth`, float64 (2,), the target tile / 5.

    ## Arguments
    Memory Gym's reset parameters with its defaults, which `reset(options=...)` overrides for one episode; a list
    means that one element is drawn for each episode. `allowed_commands` is 9 (grid 5), `explosion_duration` [6] (grid
    [2]), `explosion_delay` [18] (grid [6]). Grid has no `agent_speed` and ignores `agent_scale`; act-only has neither
    `command_show_duration` nor `command_show_delay` and takes at most 20 commands. Endless has
    `initial_command_count` (1), `max_steps` (-1) and `reward_new_command_success` (0), but neither `arena_size`,
    `command_count` nor `reward_episode_success`: the arena is 6 x 6. The other arguments are explained at `BatchedEnv`.

    ## Source
    Pleines et al., Memory Gym: Partially Observable Challenges to Memory-Based Agents (ICLR 2023), and Memory Gym:
    Towards Endless Tasks to Benchmark Memory Capabilities of Agents (JMLR 2025), as code:
    https://github.com/MarcoMeter/endless-memory-gym v1.0.3. The same seed, options and actions give the same bytes.

    ## Differences
    Batched with autoreset; symbolic observations and `levels` are new. At most 1024 commands an episode (endless: the
    episode ends when a list of so many was carried out, after more than 12 million steps with the defaults) and 16
    elements a list; `agent_scale` from 0.1 to 1/3. Endless: the picture of the ground truth shows a new command when
    the agent's does, not a step before.

    ## Quirks kept
    - Failing the last command still reports success 1 and commands_completed 1.
    - Leaving the safe tile during an explosion reports one command fewer than were passed, and costs that step's
      reward.
    - Diagonal command pictures lie off centre; the sprites of the figure are not quite symmetric.
    - Without `visual_feedback` explosions are invisible but deadly.
    - Endless: from an env's second episode on, the steps that show the first commands, after the very first
      observation, show the figure as the last episode left it; `state_dict` has this past.
    - Endless: failing the last command of a list counts in `max_command_sequence` as if it were carried out. A figure
      whose centre is outside the picture, on its way through the edge, stands on no tile.
    """

    info_keys = ("reward", "length", "success", "commands_completed")

    def __init__(
        self,
        *,
        grid: bool = False,
        act_only: bool = False,
        endless: bool = False,
        observation: str = "pixels",
        agent_scale: Annotated[float, SCALES] = SCALE,
        agent_speed: Annotated[float | None, Number(-1000, 1000)] = None,
        arena_size: Annotated[int | None, Integer(2, 6)] = None,
        allowed_commands: Annotated[int | None, Integer(4, 9)] = None,
        command_count: Annotated[Sequence[int] | None, Choices(1, MAX_COMMANDS)] = None,
        initial_command_count: Annotated[int | None, Integer(1, MAX_COMMANDS)] = None,
        command_show_duration: Annotated[Sequence[int] | None, Choices(0, MAX_COUNT)] = None,
        command_show_delay: Annotated[Sequence[int] | None, Choices(0, MAX_COUNT)] = None,
        explosion_duration: Annotated[Sequence[int] | None, Choices(1, MAX_COUNT)] = None,
        explosion_delay: Annotated[Sequence[int] | None, Choices(1, MAX_COUNT)] = None,
        max_steps: Annotated[int | None, Integer(-1, MAX_COUNT)] = None,
        visual_feedback: Annotated[bool, Flag()] = True,
        reward_command_failure: Annotated[float, Number()] = 0.0,
        reward_command_success: Annotated[float, Number()] = 0.1,
        reward_episode_success: Annotated[float | None, Number()] = None,
        reward_new_command_success: Annotated[float | None, Number()] = None,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        threads: int = 1,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        if endless and (grid or act_only):
            raise ValueError(f"endless is True; it must be False where grid is {grid} and act_only is {act_only}")
        if endless:
            self.info_keys = ("reward", "length", "commands_completed", "max_command_sequence")
            self.every_step_keys = ("ground_truth",)
        outside = OUTSIDE / SIZE if endless else 0
        super().__init__(
            Discrete(4) if grid else MultiDiscrete([3, 3]),
            _GAME,
            locals(),
            symbols=SYMBOLIC_FIELDS + (_SLOT_NAMES if act_only else ()),
            bounds=(-outside, 1 + outside),
            vector_size=COMMAND_VECTOR if act_only else 0,
            state=STATE,
            params=PARAMS,
            variant=variant(grid, act_only, endless),
            ranges=ACT_ONLY_KINDS if act_only else {},
        )
        self.metadata = self.metadata | {"render_fps": 6 if grid else 25}

    def _derive_params(self, params: Array) -> None:
        atlas = Atlas()
        scenery = add_scenery(atlas)
        figures = Figures(atlas)
        for row in params:
            figures.derive(row, SCALE if self.grid else float(row["agent_scale"]))
        for name in ("grid", "act_only", "endless"):
            params[name] = getattr(self, name)
        if self.endless:
            params["arena_size"] = ENDLESS_SIZE
        self._state["drawn_figure"][:, 0] = 0
        for i in np.flatnonzero(self._state["drawn_scale"]):
            self._state["drawn_figure"][i, 0] = figures.number(float(self._state["drawn_scale"][i]))
        self._scene = Scene(scenery, atlas.sprites())
