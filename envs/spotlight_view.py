"""The picture of Searing Spotlights: its layers from the lowest up, and the bar that tells what is not seen else."""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE, Frame, Sprites, blit, copy
from memorl.envs.compiled import Record, entry, leaf
from memorl.envs.episodes import Array
from memorl.envs.spotlight_light import blacken, blit_lit, dim, lay_floor, outline
from memorl.envs.spotlight_options import AGENT, BAR, COIN, DARK, EXIT, FLOOR, LAYERS, TOP
from memorl.envs.spotlight_scenery import CALM, FLOORS, HURT, PLAIN, UNSEEN

HEALTH = SIZE // 2
"""Width of the bar of health; right of it are the two fields of the last action, with that of the reward between."""
FIELD = SIZE // 4
REWARD, REWARD_WIDTH = 57, 10

LIGHTLESS = 255
"""The opacity of total darkness."""

_BASE, _BLACK, _GREEN, _RED, _PAID, _ACTIONS = range(6)
_ACTION_COLOURS = [[120, 120, 120], [116, 1, 113], [255, 94, 14]]
_COLOURS = np.tile(
    np.array([[50, 50, 50], [0, 0, 0], [0, 255, 0], [255, 0, 0], [255, 255, 0], *_ACTION_COLOURS], np.uint8), TOP
)
"""Colours of the bar, each for a whole column of it."""


@leaf
def _fill(frame: Frame, left: int, width: int, colour: int) -> None:
    for x in range(left, min(left + width, SIZE)):
        for b in range(3 * TOP):
            frame[x, b] = _COLOURS[colour, b]


@leaf
def _draw_bar(env: Record, rules: Record, frame: Frame) -> None:
    if rules.show_last_action:
        _fill(frame, HEALTH, FIELD, _ACTIONS + env.field_across)
        _fill(frame, HEALTH + FIELD, FIELD, _ACTIONS + env.field_down)
    else:
        _fill(frame, HEALTH, HEALTH, _BLACK if rules.endless else _BASE)
    _fill(frame, 0, HEALTH, _GREEN)
    _fill(frame, 0, env.red_width, _RED)
    if rules.show_last_positive_reward and env.length > 0:
        colour = _PAID if env.paid else _BASE
        if rules.show_last_action:
            _fill(frame, REWARD, REWARD_WIDTH, colour)
        else:
            _fill(frame, HEALTH, HEALTH, colour)


@leaf
def floor_of(env: Record, rules: Record) -> int:
    """Which of the floors is shown."""
    if rules.black_background:
        return UNSEEN
    if rules.hide_chessboard:
        return PLAIN
    return HURT if env.hurt else CALM


@leaf
def coin_is_above(env: Record, rules: Record) -> bool:
    """Whether darkness does not cover the coins."""
    return rules.coins_visible or (rules.endless and env.coin_t < rules.coin_show_duration)


@leaf
def facing_of(env: Record) -> int:
    """The figure always faces up in the first picture."""
    return env.facing if env.length > 0 else 0


@leaf
def _floor(env: Record, frame: Frame, floor: int, lit: bool) -> None:
    if lit:
        lay_floor(env, frame, floor)
    else:
        copy(frame, FLOORS[floor])


@leaf
def _thing(env: Record, frame: Frame, sprites: Sprites, k: int, x: int, y: int, lit: bool) -> None:
    if lit:
        blit_lit(env, frame, sprites, k, x, y)
    else:
        blit(frame, sprites, k, x, y)


@leaf
def _draw_layer(env: Record, rules: Record, layer: int, sprites: Sprites, frame: Frame, lit: bool) -> None:
    """Draw a layer as a whole, or only as far as it is lit."""
    if layer == FLOOR:
        _floor(env, frame, floor_of(env, rules), lit)
    elif layer == BAR:
        _draw_bar(env, rules, frame)
    elif layer == COIN:
        if rules.endless and not rules.coin_enabled:
            _floor(env, frame, UNSEEN, lit)
        for coin in range(env.coin_count):
            _thing(env, frame, sprites, rules.coin, env.coins[coin, 0], env.coins[coin, 1], lit)
    elif layer == EXIT and rules.use_exit:
        _thing(env, frame, sprites, rules.exit + env.open, env.exit_x, env.exit_y, lit)
    elif layer == AGENT:
        _thing(env, frame, sprites, rules.figure + facing_of(env), env.x, env.y, lit)


@leaf
def draw(env: Record, rules: Record, sprites: Sprites, frame: Frame) -> None:
    """Draw everything into a frame [84][252]."""
    order = rules.layers[np.int64(coin_is_above(env, rules))]
    under = 0
    while order[under] != DARK:
        under += 1
    if env.alpha == LIGHTLESS:
        blacken(frame)
    else:
        for k in range(under):
            _draw_layer(env, rules, order[k], sprites, frame, False)
        dim(frame, env.alpha)
    if env.alpha > 0:
        for k in range(under):
            _draw_layer(env, rules, order[k], sprites, frame, True)
        if rules.black_background:
            outline(env, frame)
    for k in range(under + 1, LAYERS):
        _draw_layer(env, rules, order[k], sprites, frame, False)


@entry
def paint(state: Array, rules: Array, sprites: Sprites, pixels: NDArray[np.uint8]) -> None:
    """Draw every env as it stands into pixels [N][84][252]."""
    for i in range(len(state)):
        draw(state[i], rules[state[i].row], sprites, pixels[i])
