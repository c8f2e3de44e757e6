"""The picture of Searing Spotlights: its layers from the lowest up, and the bar of health, action and reward."""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE, Frame, Scene, Sprites, blit, copy
from memorl.envs.engine.jit import Record, jit

from .light import blacken, blit_lit, dim, lay_floor, outline
from .options import AGENT, BAR, COIN, DARK, EXIT, FLOOR, LAYERS, NOTHING, TOP
from .scenery import CALM, FLOORS, HURT, PLAIN, UNSEEN

HEALTH = SIZE // 2
"""Width of the bar of health; right of it are two fields of the last action, with the field of the reward between."""
FIELD = SIZE // 4
REWARD = 57
REWARD_WIDTH = 10

_TRUTH = np.array([[FLOOR, DARK, EXIT, COIN, AGENT, BAR], [FLOOR, DARK, EXIT, NOTHING, AGENT, BAR]])
"""The layers of the ground truth, with coins and without."""

LIGHTLESS = 255
"""The opacity of total darkness."""

_BASE = 0
_BLACK = 1
_GREEN = 2
_RED = 3
_PAID = 4
_ACTIONS = 5
_ACTION_COLOURS = [[120, 120, 120], [116, 1, 113], [255, 94, 14]]
_COLOURS = np.tile(
    np.array([[50, 50, 50], [0, 0, 0], [0, 255, 0], [255, 0, 0], [255, 255, 0], *_ACTION_COLOURS], np.uint8), TOP
)
"""Colours of the bar, each for a whole column of it."""


@jit
def _fill(frame: Frame, left: int, width: int, colour: int) -> None:
    for x in range(left, min(left + width, SIZE)):
        for b in range(3 * TOP):
            frame[x, b] = _COLOURS[colour, b]


@jit
def _draw_bar(env: Record, params: Record, frame: Frame) -> None:
    if params.show_last_action:
        _fill(frame, HEALTH, FIELD, _ACTIONS + env.bar_across)
        _fill(frame, HEALTH + FIELD, FIELD, _ACTIONS + env.bar_down)
    else:
        _fill(frame, HEALTH, HEALTH, _BLACK if params.endless else _BASE)
    _fill(frame, 0, HEALTH, _GREEN)
    _fill(frame, 0, env.red_width, _RED)
    if params.show_last_positive_reward and env.length > 0:
        colour = _PAID if env.bar_reward else _BASE
        if params.show_last_action:
            _fill(frame, REWARD, REWARD_WIDTH, colour)
        else:
            _fill(frame, HEALTH, HEALTH, colour)


@jit
def floor_of(env: Record, params: Record) -> int:
    """Return the floor that is shown."""
    if params.black_background:
        return UNSEEN
    if params.hide_chessboard:
        return PLAIN
    return HURT if env.is_hurt else CALM


@jit
def coin_is_above(env: Record, params: Record) -> bool:
    """Return True if darkness does not cover the coins."""
    return params.coins_visible or (params.endless and env.coin_t < params.coin_show_duration)


@jit
def facing_of(env: Record) -> int:
    """Return the facing of the figure: up in the first picture."""
    return env.facing if env.length > 0 else 0


@jit
def _floor(env: Record, frame: Frame, floor: int, lit: bool) -> None:
    if lit:
        lay_floor(env, frame, floor)
    else:
        copy(frame, FLOORS[floor])


@jit
def _thing(env: Record, frame: Frame, sprites: Sprites, k: int, x: int, y: int, lit: bool) -> None:
    if lit:
        blit_lit(env, frame, sprites, k, x, y)
    else:
        blit(frame, sprites, k, x, y)


@jit
def _draw_layer(env: Record, params: Record, layer: int, sprites: Sprites, frame: Frame, lit: bool) -> None:
    """Draw a layer as a whole, or only as far as it is lit."""
    if layer == FLOOR:
        _floor(env, frame, floor_of(env, params), lit)
    elif layer == BAR:
        _draw_bar(env, params, frame)
    elif layer == COIN:
        if params.endless and not params.coin_enabled:
            _floor(env, frame, UNSEEN, lit)
        for coin in range(env.coin_count):
            _thing(env, frame, sprites, params.coin, env.coins[coin, 0], env.coins[coin, 1], lit)
    elif layer == EXIT and params.use_exit:
        _thing(env, frame, sprites, params.exit + env.exit_open, env.exit_x, env.exit_y, lit)
    elif layer == AGENT:
        _thing(env, frame, sprites, params.figure + facing_of(env), env.x, env.y, lit)


@jit
def _draw_layers(env: Record, params: Record, order: NDArray[np.int64], scene: Scene, frame: Frame) -> None:
    under = 0
    while order[under] != DARK:
        under += 1
    if env.alpha == LIGHTLESS:
        blacken(frame)
    else:
        for k in range(under):
            _draw_layer(env, params, order[k], scene.sprites, frame, False)
        dim(frame, env.alpha)
    if env.alpha > 0:
        for k in range(under):
            _draw_layer(env, params, order[k], scene.sprites, frame, True)
        if params.black_background:
            outline(env, frame)
    for k in range(under + 1, LAYERS):
        _draw_layer(env, params, order[k], scene.sprites, frame, False)


@jit
def draw(env: Record, params: Record, scene: Scene, frame: Frame) -> None:
    """Draw everything into a frame [84][252]."""
    _draw_layers(env, params, params.layers[np.int64(coin_is_above(env, params))], scene, frame)


@jit
def draw_truth(env: Record, params: Record, scene: Scene, frame: Frame) -> None:
    """Draw the ground truth, where things lie above the darkness."""
    _draw_layers(env, params, _TRUTH[np.int64(params.endless and not params.coin_enabled)], scene, frame)
