"""Searing Spotlights: find coins and exit in the dark while dodging lights, knowing where you are from memory alone."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from gymnasium.spaces import Box, MultiDiscrete
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE, Atlas
from memorl.envs.character import add_character, radius, strides
from memorl.envs.core import Observation
from memorl.envs.episodes import Array
from memorl.envs.options import encode
from memorl.envs.pictures import PictureEnv, is_symbolic
from memorl.envs.single import SingleEnv
from memorl.envs.snapshot import Bounds
from memorl.envs.spotlight_bits import silhouettes
from memorl.envs.spotlight_options import RULES, check, check_symbols, stack, variant
from memorl.envs.spotlight_rules import STATE, bounds, play
from memorl.envs.spotlight_scenery import add_coin, add_exit, coin_radius
from memorl.envs.spotlight_symbols import symbol_names
from memorl.envs.spotlight_truth import unveiled
from memorl.envs.spotlight_view import paint

_NO_PIXELS = np.empty((0, SIZE, SIZE, 3), np.uint8)
_NO_LOOKS = np.empty((0, 0), np.float32)


@final
class SearingSpotlights(PictureEnv):
    """Searing Spotlights, in two variants: leave with all coins, or (endless) take one coin after another.

    ## Task
    A figure, a coin and an exit are in plain sight for a moment, then the light goes out. Spotlights cross the dark
    floor; who stands in one loses health. Only what a spotlight happens to pass over can be seen, and being seen
    hurts, so the figure's own place has to be kept track of from the actions taken, and that of coin and exit
    remembered. Endless: there is no exit; each coin taken brings another one, which shines through the dark for a
    moment.

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
    pixels / 84. What is in the dark or covered is zeros there, too; of what is partly seen all is told: its place,
    where the figure faces, whether the exit is open. So more may be told than a few pixels decide, or than one level
    of brightness does in the step before total darkness; the bar and the darkness are told whatever lies over them.
    At most 16 spotlights and as many coins as the constructor's `num_coins` allows, both from left to right; it is
    not told which of two coins lies on top. Options that make floor or exit black, which is the colour of the dark,
    are refused with it: `black_background`, `coin_enabled=False`, `exit_scale` below 0.5, and a `light_threshold`
    with which the dark ends one or two levels short of black.

    ## Rewards
    `reward_coin` 0.25 for each coin, `reward_exit` 1 for the exit, which opens when all coins are taken: a solved
    episode returns 1.25 with the default of one coin. Options pay for each step in a spotlight or outside, and for
    death.

    ## Start
    Figure, coins and exit are placed uniformly, at some distance from each other; the spotlights come in from all
    sides. The light goes out over six steps.

    ## End
    The exit is reached (`use_exit=False`: the last coin is taken), health is used up, or after `max_steps`, 256.
    Endless: health is used up, `steps_per_coin`, 160, steps went by without a coin, or after `max_steps` if that is
    above 0. Infos at the end: `reward` (the return), `length`, `agent_health` (fraction), `coins_collected` (fraction;
    endless: how many), `success` (not endless). Endless: every info, those of resets included, has `ground_truth`:
    the centres of figure and coin / 84.

    ## Arguments
    Memory Gym's reset parameters with its defaults, which `reset(options=...)` overrides for one episode; `num_coins`
    is a list of which one element is drawn for each episode. Endless has none of `num_spawns`,
    `initial_spawn_interval`, `spawn_interval_threshold`, `spawn_interval_decay`, `num_coins`, `use_exit`,
    `exit_scale`, `exit_visible`, `reward_exit`, `reward_max_steps`; it alone has `steps_per_coin`, `spawn_interval`,
    `coin_enabled`, `coin_show_duration`. The other arguments are those of `BatchedEnv`.

    ## Source
    Pleines et al., Memory Gym: Partially Observable Challenges to Memory-Based Agents (ICLR 2023), and Memory Gym:
    Towards Endless Tasks to Benchmark Memory Capabilities of Agents (JMLR 2025);
    https://github.com/MarcoMeter/endless-memory-gym v1.0.3. Same seed, options and actions give the same observations
    byte for byte, rewards, ends and infos.

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
        max_steps: int | None = None,
        steps_per_coin: int | None = None,
        initial_spawns: int | None = None,
        num_spawns: int | None = None,
        initial_spawn_interval: float | None = None,
        spawn_interval_threshold: float | None = None,
        spawn_interval_decay: float | None = None,
        spawn_interval: int | None = None,
        spot_min_radius: float | None = None,
        spot_max_radius: float | None = None,
        spot_min_speed: float | None = None,
        spot_max_speed: float | None = None,
        spot_damage: float | None = None,
        visual_feedback: bool | None = None,
        black_background: bool | None = None,
        hide_chessboard: bool | None = None,
        light_dim_off_duration: int | None = None,
        light_threshold: int | None = None,
        num_coins: Sequence[int] | None = None,
        coin_enabled: bool | None = None,
        coin_scale: float | None = None,
        coin_show_duration: int | None = None,
        coins_visible: bool | None = None,
        use_exit: bool | None = None,
        exit_scale: float | None = None,
        exit_visible: bool | None = None,
        agent_speed: float | None = None,
        agent_health: float | None = None,
        agent_scale: float | None = None,
        agent_visible: bool | None = None,
        sample_agent_position: bool | None = None,
        show_last_action: bool | None = None,
        show_last_positive_reward: bool | None = None,
        reward_inside_spotlight: float | None = None,
        reward_outside_spotlight: float | None = None,
        reward_death: float | None = None,
        reward_exit: float | None = None,
        reward_max_steps: float | None = None,
        reward_coin: float | None = None,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        threads: int = 1,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        given = {
            "max_steps": max_steps,
            "steps_per_coin": steps_per_coin,
            "initial_spawns": initial_spawns,
            "num_spawns": num_spawns,
            "initial_spawn_interval": initial_spawn_interval,
            "spawn_interval_threshold": spawn_interval_threshold,
            "spawn_interval_decay": spawn_interval_decay,
            "spawn_interval": spawn_interval,
            "spot_min_radius": spot_min_radius,
            "spot_max_radius": spot_max_radius,
            "spot_min_speed": spot_min_speed,
            "spot_max_speed": spot_max_speed,
            "spot_damage": spot_damage,
            "visual_feedback": visual_feedback,
            "black_background": black_background,
            "hide_chessboard": hide_chessboard,
            "light_dim_off_duration": light_dim_off_duration,
            "light_threshold": light_threshold,
            "num_coins": num_coins,
            "coin_enabled": coin_enabled,
            "coin_scale": coin_scale,
            "coin_show_duration": coin_show_duration,
            "coins_visible": coins_visible,
            "use_exit": use_exit,
            "exit_scale": exit_scale,
            "exit_visible": exit_visible,
            "agent_speed": agent_speed,
            "agent_health": agent_health,
            "agent_scale": agent_scale,
            "agent_visible": agent_visible,
            "sample_agent_position": sample_agent_position,
            "show_last_action": show_last_action,
            "show_last_positive_reward": show_last_positive_reward,
            "reward_inside_spotlight": reward_inside_spotlight,
            "reward_outside_spotlight": reward_outside_spotlight,
            "reward_death": reward_death,
            "reward_exit": reward_exit,
            "reward_max_steps": reward_max_steps,
            "reward_coin": reward_coin,
        }
        self.endless, self.symbolic = endless, is_symbolic(observation, endless=endless)
        self.info_keys = ("reward", "length", "agent_health", "coins_collected", *(() if endless else ("success",)))
        self.every_step_keys = ("ground_truth",) if endless else ()
        options, defaults = variant(endless)
        values = defaults | {name: value for name, value in given.items() if value is not None}
        self._most_coins = 1 if endless else max(1, *encode(options, values)["num_coins"][1:].tolist())
        self.symbolic_fields = symbol_names(self._most_coins)
        looks = Box(-1, 2, (len(self.symbolic_fields),), np.float32)
        super().__init__(
            looks if self.symbolic else Box(0, 255, (SIZE, SIZE, 3), np.uint8),
            MultiDiscrete([3, 3]),
            options,
            values,
            state=STATE,
            rules=RULES,
            num_envs=num_envs,
            levels=levels,
            threads=threads,
            copy=copy,
            render_mode=render_mode,
        )

    def _check(self, values: Mapping[str, Any]) -> None:
        check(values, self.endless)
        if self.symbolic:
            check_symbols(values, self._most_coins)

    def _sprite(self, name: str, scale: float) -> int:
        if (name, scale) not in self._known:
            add = {"agent": add_character, "coin": add_coin, "exit": add_exit}[name]
            self._known[name, scale] = add(self._atlas, scale)
        return self._known[name, scale]

    def _derive(self, rules: Array) -> None:
        self._atlas = Atlas()
        self._known: dict[tuple[str, float], int] = {}
        for rule in rules:
            scale, coin = float(rule["agent_scale"]), float(rule["coin_scale"])
            rule["endless"] = self.endless
            rule["figure"], rule["radius"] = self._sprite("agent", scale), radius(scale)
            rule["straight"], rule["diagonal"] = strides(rule["agent_speed"])
            rule["coin"], rule["coin_radius"] = self._sprite("coin", coin), coin_radius(coin)
            rule["least"], rule["beyond"] = int(rule["spot_min_radius"]), int(rule["spot_max_radius"] + 1)
            if self.endless:
                rule["interval"] = rule["spawn_interval"]
            else:
                rule["interval"] = int(rule["initial_spawn_interval"] + rule["spawn_interval_threshold"])
                rule["exit"] = self._sprite("exit", float(rule["exit_scale"]))
                rule["exit_radius"] = 20 / 2 * rule["exit_scale"]
            above = bool(rule["exit_visible"]), bool(rule["agent_visible"]), not self.endless
            rule["layers"] = [stack(coin_above, *above) for coin_above in (False, True)]
        self._sprites = self._atlas.sprites()
        self._shapes = silhouettes(self._sprites)

    def _bounds(self, state: Array, rules: Array) -> Bounds:
        return bounds(rules, self.endless)

    def _play(self, actions: Array, observation: Observation, rewards: Array, ends: Array) -> None:
        pixels, looks = (_NO_PIXELS, observation) if self.symbolic else (observation, _NO_LOOKS)
        self._spread(
            play,
            actions,
            self._state,
            self._rules,
            self._levels,
            self._sprites,
            self._shapes,
            pixels.reshape(len(pixels), SIZE, 3 * SIZE),
            looks,
            rewards,
            ends,
        )

    def _paint(self, pixels: NDArray[np.uint8]) -> None:
        paint(self._state, self._rules, self._sprites, pixels)

    def _truths(self) -> NDArray[np.uint8]:
        pixels = np.empty((self.num_envs, SIZE, 3 * SIZE), np.uint8)
        paint(self._state, unveiled(self._rules), self._sprites, pixels)
        return pixels.reshape(-1, SIZE, SIZE, 3)


class SingleSearingSpotlights(SingleEnv):
    """One Searing Spotlights as a plain Gymnasium environment; its arguments are those of `SearingSpotlights`."""

    batch = SearingSpotlights
