"""Searing Spotlights: find coins and exit in the dark while dodging lights, knowing where you are from memory alone."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, final

from gymnasium.spaces import MultiDiscrete

from memorl.envs.drawing.character import SCALE, SCALES, SPEED
from memorl.envs.drawing.picture_env import PictureEnv
from memorl.envs.engine.fields import Array
from memorl.envs.engine.loop import compile_game
from memorl.envs.engine.options import MAX_COUNT, Choices, Flag, Integer, Number, encode

from .options import MAX_COINS, MAX_RADIUS, MAX_SPOTS, PARAMS, STATE, check_symbols, check_together, variant
from .rules import advance, report, start
from .scenery import derive_params
from .symbols import describe, symbol_names
from .view import draw, draw_truth

_GAME = compile_game(start, advance, draw, draw_truth, describe, report)


@final
class SearingSpotlights(PictureEnv):
    """Searing Spotlights, in two variants: leave with all coins, or (endless) take one coin after another.

    ## Task
    A figure, a coin and an exit are in plain sight for a moment, then the light goes out. Spotlights cross the dark
    floor, and a figure in a spotlight loses health. Everything outside the spotlights is invisible, so the agent has to
    track the figure by its own actions and to remember coin and exit. Endless: there is no exit; each coin brings
    another one, which shines through the dark for a moment.

    | id | arguments | spotlights |
    |---|---|---|
    | `memorl/SearingSpotlights-v0` | | 4, and one more every 40 steps, 30 times at most |
    | `memorl/Endless-SearingSpotlights-v0` | `endless=True` | 3, and one more every 50 steps |

    ## Actions
    `MultiDiscrete([3, 3])`: horizontal (0 stay, 1 left, 2 right) and vertical (0 stay, 1 up, 2 down); 3 pixels a
    step, 2 on each axis diagonally.

    ## Observations
    `observation="pixels"`: uint8 (84, 84, 3), indexed [x][y][channel] as Memory Gym's. The bar at the upper edge is
    never dark: health left (green) and lost (red), the horizontal and the vertical part of the last action (gray,
    purple, orange), and between them, in yellow, whether there was a reward; action and reward are shown one step late.
    The floor turns red in a step that costs health.

    `observation="symbolic"`: float32 vector of what the picture shows, named by `symbolic_fields`, places and radii in
    pixels / 84. Things that are dark or covered are zeros; things of which any pixel is visible are described in full,
    even if these pixels would not suffice; the bar and the darkness always are. It has at most 16 spotlights and as
    many coins as the constructor's `num_coins` allows, both from left to right. It refuses options that make floor or
    exit black, the colour of the dark: `black_background`, `coin_enabled=False`, `exit_scale` below 0.5, and a
    `light_threshold` with which the dark ends one or two levels short of black.

    ## Rewards
    `reward_coin` 0.25 for each coin, `reward_exit` 1 for the exit, which opens when all coins are taken: a solved
    episode returns 1.25 with the default of one coin. Options pay for each step in a spotlight or outside, and for
    death.

    ## Start
    Figure, coins and exit are placed uniformly, at some distance from each other; the spotlights come in from all
    sides. The light goes out over six steps.

    ## End
    At the exit (`use_exit=False`: at the last coin), without health, or after `max_steps`, 256. Endless: without
    health, after `steps_per_coin`, 160, steps without a coin, or after `max_steps` if that is above 0. Infos at the
    end: `reward` (the return), `length`, `agent_health` (fraction), `coins_collected` (fraction; endless: number),
    `success` (not endless). Endless: every info has `ground_truth`, the centres of figure and coin / 84.

    ## Arguments
    Memory Gym's reset parameters with its defaults, which `reset(options=...)` overrides for one episode; `num_coins`
    is a list of which one element is drawn for each episode. Endless has none of `num_spawns`,
    `initial_spawn_interval`, `spawn_interval_threshold`, `spawn_interval_decay`, `num_coins`, `use_exit`,
    `exit_scale`, `exit_visible`, `reward_exit`, `reward_max_steps`; it alone has `steps_per_coin`, `spawn_interval`,
    `coin_enabled`, `coin_show_duration`. The other arguments are explained at `BatchedEnv`.

    ## Source
    Pleines et al., Memory Gym: Partially Observable Challenges to Memory-Based Agents (ICLR 2023), and Memory Gym:
    Towards Endless Tasks to Benchmark Memory Capabilities of Agents (JMLR 2025), as code:
    https://github.com/MarcoMeter/endless-memory-gym v1.0.3. The same seed, options and actions give the same bytes.

    ## Differences
    Batched with autoreset; symbolic observations and `levels` are new. `use_exit=False` and, in the endless
    variant, `show_last_action=False` work. `black_background` and `hide_chessboard` end with their episode. Where
    there is no free place left for a coin, all places are free again. At most 64 spotlights at the same time and 16
    coins; `agent_scale` from 0.1 to 1/3, `coin_scale` and `exit_scale` from 0.1 to 1.

    ## Quirks kept
    - When a spotlight is through, the next one in the list is neither drawn nor moved nor felt in that step; of two
      coins in reach at once only one is taken.
    - New spotlights come at a constant interval; `spawn_interval_decay` and `reward_max_steps` have no effect.
    - The figure may start partly outside the picture; its first step brings it in. The first picture shows it facing
      up.
    - Darkness overshoots a `light_threshold` that is not a multiple of its pace. If it sets in at once
      (`light_dim_off_duration` 0), the first picture still shows the last spotlights of the episode before.
    - A visible exit or figure may lie over the bar, depending on what else is visible.
    - Without coins `coins_collected` is nan; with `coin_enabled=False` the floor is black, and so is all but the bar
      for as long as a coin would be shown.
    - Death in the step that reaches the exit pays for the exit, without success.
    """

    def __init__(
        self,
        *,
        endless: bool = False,
        observation: str = "pixels",
        max_steps: Annotated[int | None, Integer(-1, MAX_COUNT)] = None,
        steps_per_coin: Annotated[int | None, Integer(-1, MAX_COUNT)] = None,
        initial_spawns: Annotated[int | None, Integer(0, MAX_SPOTS)] = None,
        num_spawns: Annotated[int | None, Integer(0, MAX_SPOTS)] = None,
        initial_spawn_interval: Annotated[float | None, Number(0, MAX_COUNT)] = None,
        spawn_interval_threshold: Annotated[float | None, Number(0, MAX_COUNT)] = None,
        spawn_interval_decay: Annotated[float | None, Number()] = None,
        spawn_interval: Annotated[int | None, Integer(1, MAX_COUNT)] = None,
        spot_min_radius: Annotated[float, Number(1, MAX_RADIUS)] = 30 * SCALE,
        spot_max_radius: Annotated[float, Number(1, MAX_RADIUS)] = 55 * SCALE,
        spot_min_speed: Annotated[float, Number(0, 2)] = 0.0025,
        spot_max_speed: Annotated[float, Number(0, 2)] = 0.0075,
        spot_damage: Annotated[float, Number()] = 1.0,
        visual_feedback: Annotated[bool, Flag()] = True,
        black_background: Annotated[bool, Flag()] = False,
        hide_chessboard: Annotated[bool, Flag()] = False,
        light_dim_off_duration: Annotated[int, Integer(0, MAX_COUNT)] = 6,
        light_threshold: Annotated[int, Integer(0, 255)] = 255,
        num_coins: Annotated[Sequence[int] | None, Choices(0, MAX_COINS)] = None,
        coin_enabled: Annotated[bool | None, Flag()] = None,
        coin_scale: Annotated[float, Number(0.1, 1)] = 1.5 * SCALE,
        coin_show_duration: Annotated[int | None, Integer(0, MAX_COUNT)] = None,
        coins_visible: Annotated[bool, Flag()] = False,
        use_exit: Annotated[bool | None, Flag()] = None,
        exit_scale: Annotated[float | None, Number(0.1, 1)] = None,
        exit_visible: Annotated[bool | None, Flag()] = None,
        agent_speed: Annotated[float, Number(-1000, 1000)] = SPEED,
        agent_health: Annotated[float | None, Number(0.001)] = None,
        agent_scale: Annotated[float, SCALES] = SCALE,
        agent_visible: Annotated[bool, Flag()] = False,
        sample_agent_position: Annotated[bool, Flag()] = True,
        show_last_action: Annotated[bool, Flag()] = True,
        show_last_positive_reward: Annotated[bool, Flag()] = True,
        reward_inside_spotlight: Annotated[float, Number()] = 0.0,
        reward_outside_spotlight: Annotated[float, Number()] = 0.0,
        reward_death: Annotated[float, Number()] = 0.0,
        reward_exit: Annotated[float | None, Number()] = None,
        reward_max_steps: Annotated[float | None, Number()] = None,
        reward_coin: Annotated[float, Number()] = 0.25,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        threads: int = 1,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        self.info_keys = ("reward", "length", "agent_health", "coins_collected", *(() if endless else ("success",)))
        self.every_step_keys = ("ground_truth",) if endless else ()
        self._most_coins = 1
        if num_coins is not None:
            coins = encode({"num_coins": Choices(0, MAX_COINS)}, {"num_coins": num_coins})["num_coins"]
            self._most_coins = max(1, *coins[1:].tolist())
        super().__init__(
            MultiDiscrete([3, 3]),
            _GAME,
            locals(),
            symbols=symbol_names(self._most_coins),
            bounds=(-1, 2),
            state=STATE,
            params=PARAMS,
            variant=variant(endless),
        )

    def _check_options(self, values: Mapping[str, Any]) -> None:
        check_together(values, self.endless)
        if self.symbolic:
            check_symbols(values, self._most_coins)

    def _derive_params(self, params: Array) -> None:
        self._scene = derive_params(params, self.endless)
