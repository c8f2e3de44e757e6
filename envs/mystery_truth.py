"""The ground truth of Mystery Path: the path white, its first tile blue, its last one green, walls red."""

import numpy as np

from memorl.envs.canvas import SIZE, Sprites
from memorl.envs.compiled import Record
from memorl.envs.mystery_options import TILE
from memorl.envs.mystery_view import Scenery
from memorl.envs.path_search import SIDE
from memorl.envs.truth import Picture, fill_tile, stamp

_PATH, _ORIGIN, _GOAL, _WALL = (255, 255, 255), (0, 0, 255), (0, 255, 0), (255, 0, 0)


def draw_truth(env: Record, rules: Record, scenery: Scenery, sprites: Sprites) -> Picture:
    """The picture of one env."""
    picture = np.zeros((SIZE, SIZE, 3), np.uint8)
    layers = ((np.flatnonzero(env.tiles), _PATH), ([env.goal], _GOAL), ([env.start], _ORIGIN))
    for tiles, colour in (*layers, (np.flatnonzero(env.walls), _WALL)):
        for tile in map(int, tiles):
            fill_tile(picture, TILE * (tile // SIDE), TILE * (tile % SIDE), TILE, colour)
    stamp(picture, sprites, rules.figure + env.facing, env.x, env.y)
    if env.off and rules.visual_feedback:
        stamp(picture, sprites, scenery.cross, env.x, env.y)
    return picture
