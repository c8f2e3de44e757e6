"""The scenery of Searing Spotlights: floors, spans of spotlights, sprites and their silhouettes.

`derive_params` fills the derived fields of the params with the numbers of the sprites and the order of the layers.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE, Atlas, Colour, Scene, Sprites
from memorl.envs.drawing.character import Figures
from memorl.envs.drawing.raster import Shape, disc, gate, ring
from memorl.envs.engine.fields import Array

from .options import AGENT, BAR, COIN, DARK, EXIT, FLOOR, LAYERS, MAX_RADIUS, NOTHING

_TILE = 12
_WHITE = (255, 255, 255)
_BLUE = (0, 0, 255)
_RED = (255, 0, 0)
_BLACK = (0, 0, 0)

CALM = 0
HURT = 1
PLAIN = 2
UNSEEN = 3
"""Floors: chessboards in blue and, in a spotlight, red; all white; all black."""


def _floors() -> NDArray[np.uint8]:
    tile = np.arange(SIZE) // _TILE
    even = (tile[:, None] + tile[None, :]) % 2 == 0
    colours: list[tuple[Colour, Colour]] = [(_WHITE, _BLUE), (_WHITE, _RED), (_WHITE, _WHITE), (_BLACK, _BLACK)]
    floors = [np.where(even[..., None], *pair).astype(np.uint8) for pair in colours]
    return np.stack(floors).reshape(4, SIZE, 3 * SIZE)


def _measure(shape: Callable[[int], Shape]) -> NDArray[np.uint8]:
    spans = np.zeros((1 + MAX_RADIUS, 2 * MAX_RADIUS), np.uint8)
    for radius in range(1, 1 + MAX_RADIUS):
        spans[radius, : 2 * radius] = shape(radius).sum(1) // 2
    return spans


# Compiled code takes arrays of a module as constants, which overlap nothing: a loop that copies them becomes a memcpy.
FLOORS = _floors()
"""[CALM, HURT, PLAIN, UNSEEN][84][252]."""
SPANS = _measure(disc)
"""Half the height of each column of a disc, [radius][column]."""
EDGES = _measure(ring)
"""The part of it that is outline: the uppermost and the lowest pixels of the column, [radius][column]."""

WORD = 64
_SHAPE = np.dtype([*((name, np.int64) for name in ("left", "top", "columns", "rows")), ("bits", np.uint64, (WORD,))])


def _add_coin(atlas: Atlas, scale: float) -> int:
    """Add a coin, origin at its centre; a thin outline fills it."""
    radius = int(10 * scale)
    rim = ring(radius) if int(2 * scale) else disc(radius)
    return atlas.add([(disc(radius), (255, 255, 0)), (rim, (255, 165, 0))], (radius, radius))


def _add_exit(atlas: Atlas, scale: float) -> int:
    """Add the exit, closed and then open, origin at its centre; return the number of the closed one."""
    size = int(20 * scale)
    body, outline = gate(size, int(10 * scale))
    edge = outline if int(2 * scale) else body
    closed = atlas.add([(body, (55, 55, 55)), (edge, _BLACK)], (size // 2, size // 2))
    atlas.add([(body, (48, 141, 70)), (edge, _BLACK)], (size // 2, size // 2))
    return closed


def _silhouettes(sprites: Sprites) -> Array:
    """Return the box of each sprite, seen from its origin, and bits[column], with the first row of the box in bit 0."""
    shapes = np.zeros(len(sprites.place), _SHAPE)
    for shape, (first, columns, width, left, top) in zip(shapes, sprites.place.tolist(), strict=True):
        rows = width // 3
        visible = sprites.keep[first : first + columns * width : 3].reshape(columns, rows) == 0
        shape["left"] = left
        shape["top"] = top
        shape["columns"] = columns
        shape["rows"] = rows
        shape["bits"][:columns] = (visible * (1 << np.arange(rows, dtype=np.uint64))).sum(1)
    return shapes


def derive_params(params: Array, endless: bool) -> Scene:
    """Fill the derived fields of every row, and return the scene with the sprites that they number."""
    atlas = Atlas()
    figures = Figures(atlas)
    coin_number = cache(lambda scale: _add_coin(atlas, scale))
    exit_number = cache(lambda scale: _add_exit(atlas, scale))
    for row in params:
        figures.derive(row, float(row["agent_scale"]))
        row["endless"] = endless
        row["coin"] = coin_number(float(row["coin_scale"]))
        row["coin_radius"] = int(10 * row["coin_scale"])
        row["least"] = int(row["spot_min_radius"])
        row["beyond"] = int(row["spot_max_radius"] + 1)
        if endless:
            row["interval"] = row["spawn_interval"]
        else:
            row["interval"] = int(row["initial_spawn_interval"] + row["spawn_interval_threshold"])
            row["exit"] = exit_number(float(row["exit_scale"]))
            row["exit_radius"] = 20 / 2 * row["exit_scale"]
        above = bool(row["exit_visible"]), bool(row["agent_visible"]), not endless
        row["layers"] = [_stack_layers(coin_above, *above) for coin_above in (False, True)]
    sprites = atlas.sprites()
    return Scene(_silhouettes(sprites), sprites)


def _stack_layers(coin_above: bool, exit_above: bool, agent_above: bool, with_exit: bool) -> list[int]:
    """Return the layers from the lowest up, with the original's arithmetic of where to insert one among the others."""
    order = [FLOOR, DARK, BAR]
    dark = 1
    things = [(COIN, coin_above, 1), (EXIT, exit_above, 2), (AGENT, agent_above, 3)]
    for layer, above, offset in things if with_exit else (things[0], things[2]):
        order.insert(dark + offset if above else dark, layer)
        dark += not above
    return order + [NOTHING] * (LAYERS - len(order))
