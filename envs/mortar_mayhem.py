"""Mortar Mayhem: watch a list of commands, then carry it out from memory while the floor explodes."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete, Space
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE, Atlas
from memorl.envs.character import SCALE, add_character, radius, strides
from memorl.envs.core import Observation
from memorl.envs.episodes import Array
from memorl.envs.mortar_arena import SLOT_ORDER, add_scenery
from memorl.envs.mortar_options import ENDLESS_SIZE, OPTIONS, OUTSIDE, RULES, SLOTS, VECTOR, bounds, variant
from memorl.envs.mortar_play import play
from memorl.envs.mortar_rules import STATE
from memorl.envs.mortar_truth import add_truth
from memorl.envs.mortar_view import LOOK_NAMES, paint
from memorl.envs.pictures import PictureEnv, is_symbolic
from memorl.envs.single import SingleEnv
from memorl.envs.snapshot import Bounds

_SLOT_NAMES = tuple(f"slot_{slot}_{name}" for slot in range(SLOTS) for name in SLOT_ORDER)
_ENDLESS_INFOS = ("reward", "length", "commands_completed", "max_command_sequence")
_NO_PIXELS = np.empty((0, SIZE, SIZE, 3), np.uint8)
_NO_VECTORS = np.empty((0, 0), np.float32)


@final
class MortarMayhem(PictureEnv):
    """Mortar Mayhem: continuous or grid movement, commands shown or (act-only) always given; and endless.

    ## Task
    A figure stands on an arena of tiles. Commands appear one by one in the middle of the picture: go to a neighbouring
    tile, or stay. Once all are shown the figure may move. Every so often all tiles explode but the one where the next
    command leads; whoever is elsewhere is out. So the whole list has to be remembered while it is carried out.

    Endless: the list begins with one command and starts over whenever it was carried out, with a new command at its
    end. Only the new command is shown, and the explosion that is on waits for that. The arena is a torus: what leaves
    the picture on one side, figure or target, enters on the other. Memory has to reach back to the very first steps.

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
    endless figure may be a little outside the picture, -0.05 to 1.05; facing and centre are told while any of it shows.

    ## Rewards
    0.1 for standing on the right tile at an explosion, so that a solved episode returns 1 with the default ten
    commands. `reward_command_failure` for being elsewhere, `reward_episode_success` on top for the last command.
    Endless: `reward_new_command_success` on top whenever the end of the list is reached.

    ## Start
    On a uniformly drawn tile, facing up; act-only with continuous movement, and endless: up to 2 pixels off its centre.
    Commands are drawn uniformly among those that stay inside the arena; endless: among all.

    ## End
    The last command was judged, or the figure was on a deadly tile. There is no time limit: an episode always ends by
    itself. Infos at the end: `reward` (the return), `length`, `success`, `commands_completed` (fraction).

    Endless: the figure was on a deadly tile, or `max_steps` steps were made (-1: no limit; it counts as an end for
    good, as in Memory Gym). Infos at the end: `reward`, `length`, `commands_completed` (how many),
    `max_command_sequence` (length of the longest list that was carried out). Infos at every reset and step:
    `ground_truth`, float64 (2,), the target tile / 5.

    ## Arguments
    Memory Gym's reset parameters with its defaults, which `reset(options=...)` overrides for one episode; a list
    means that one element is drawn for each episode. `allowed_commands` is 9 (grid 5), `explosion_duration` [6] (grid
    [2]), `explosion_delay` [18] (grid [6]). Grid has no `agent_speed` and ignores `agent_scale`; act-only has neither
    `command_show_duration` nor `command_show_delay` and takes at most 20 commands. Endless has
    `initial_command_count` (1), `max_steps` (-1) and `reward_new_command_success` (0), but neither `arena_size`,
    `command_count` nor `reward_episode_success`: the arena is 6 x 6. The other arguments are those of `BatchedEnv`.

    ## Source
    Pleines et al., Memory Gym: Partially Observable Challenges to Memory-Based Agents (ICLR 2023), and Memory Gym:
    Towards Endless Tasks to Benchmark Memory Capabilities of Agents (JMLR 2025);
    https://github.com/MarcoMeter/endless-memory-gym v1.0.3. Same seed, options and actions give the same observations
    byte for byte, rewards, ends and infos.

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
      observation, show the figure as the last episode left it. So the same seed gives the same pictures there only
      after the same past; `state_dict` has that past.
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
        agent_scale: float | None = None,
        agent_speed: float | None = None,
        arena_size: int | None = None,
        allowed_commands: int | None = None,
        command_count: Sequence[int] | None = None,
        initial_command_count: int | None = None,
        command_show_duration: Sequence[int] | None = None,
        command_show_delay: Sequence[int] | None = None,
        explosion_duration: Sequence[int] | None = None,
        explosion_delay: Sequence[int] | None = None,
        max_steps: int | None = None,
        visual_feedback: bool | None = None,
        reward_command_failure: float | None = None,
        reward_command_success: float | None = None,
        reward_episode_success: float | None = None,
        reward_new_command_success: float | None = None,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        threads: int = 1,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        given = {name: value for name, value in locals().items() if name in OPTIONS and value is not None}
        self.grid, self.act_only, self.endless = grid, act_only, endless
        self.symbolic = is_symbolic(observation, grid=grid, act_only=act_only, endless=endless)
        if endless and (grid or act_only):
            raise ValueError(f"{endless=} is not allowed with {grid=}, {act_only=}: only one of the two is")
        if endless:
            self.info_keys, self.every_step_keys = _ENDLESS_INFOS, ("ground_truth",)
        self.symbolic_fields = LOOK_NAMES + (_SLOT_NAMES if act_only else ())
        options, defaults = variant(grid, act_only, endless)
        super().__init__(
            self._space(),
            Discrete(4) if grid else MultiDiscrete([3, 3]),
            options,
            defaults | given,
            state=STATE,
            rules=RULES,
            num_envs=num_envs,
            levels=levels,
            threads=threads,
            copy=copy,
            render_mode=render_mode,
        )
        self.metadata = self.metadata | {"render_fps": 6 if grid else 25}

    def _space(self) -> Space[Any]:
        if self.symbolic:
            outside = OUTSIDE / SIZE if self.endless else 0
            return Box(-outside, 1 + outside, (len(self.symbolic_fields),), np.float32)
        picture = Box(0, 255, (SIZE, SIZE, 3), np.uint8)
        commands = Box(0, 1, (VECTOR,), np.float32)
        return Dict({"visual_observation": picture, "vector_observation": commands}) if self.act_only else picture

    def _figure(self, scale: float) -> int:
        if scale not in self._figures:
            self._figures[scale] = add_character(self._atlas, scale)
        return self._figures[scale]

    def _derive(self, rules: Array) -> None:
        self._atlas = Atlas()
        self._scenery = add_scenery(self._atlas)
        self._figures: dict[float, int] = {}
        for rule in rules:
            scale = SCALE if self.grid else float(rule["agent_scale"])
            rule["grid"], rule["act_only"], rule["endless"] = self.grid, self.act_only, self.endless
            rule["figure"], rule["radius"] = self._figure(scale), radius(scale)
            rule["straight"], rule["diagonal"] = strides(rule["agent_speed"])
            if self.endless:
                rule["arena_size"] = ENDLESS_SIZE
        self._state["look"][:, 0] = 0
        for i in np.flatnonzero(self._state["look_scale"]):
            self._state["look"][i, 0] = self._figure(float(self._state["look_scale"][i]))
        self._sprites = self._atlas.sprites()

    def _bounds(self, state: Array, rules: Array) -> Bounds:
        return bounds(state, rules, self.endless)

    def _play(self, actions: Array, observation: Observation, rewards: Array, ends: Array) -> None:
        pixels, vectors = _NO_PIXELS, _NO_VECTORS
        if isinstance(observation, dict):
            pixels, vectors = observation["visual_observation"], observation["vector_observation"]
        elif self.symbolic:
            vectors = observation
        else:
            pixels = observation
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
        paint(self._state, self._rules, self._scenery, self._sprites, pixels)

    def _truths(self) -> NDArray[np.uint8]:
        pictures = self._views()
        for picture, (env, rules) in zip(pictures, self._envs(), strict=True):
            add_truth(picture, env, rules)
        return pictures


class SingleMortarMayhem(SingleEnv):
    """One Mortar Mayhem as a plain Gymnasium environment; its arguments are those of `MortarMayhem`."""

    batch = MortarMayhem
