"""The ground truth of Mystery Path: the path white, its first tile blue, its last one green, walls red."""

import numpy as np

from memorl.envs.drawing.canvas import SIZE, Scene
from memorl.envs.drawing.ground_truth import Picture, fill_tile, stamp
from memorl.envs.engine.jit import Record

from .options import TILE
from .path_search import SIDE

_PATH, _ORIGIN, _GOAL, _WALL = (255, 255, 255), (0, 0, 255), (0, 255, 0), (255, 0, 0)


def draw_ground_truth(env: Record, params: Record, scene: Scene) -> Picture:
    """Return the picture of one env."""
    picture = np.zeros((SIZE, SIZE, 3), np.uint8)
    layers = ((np.flatnonzero(env.tiles), _PATH), ([env.goal], _GOAL), ([env.start], _ORIGIN))
    for tiles, colour in (*layers, (np.flatnonzero(env.walls), _WALL)):
        for tile in map(int, tiles):
            fill_tile(picture, TILE * (tile // SIDE), TILE * (tile % SIDE), TILE, colour)
    stamp(picture, scene.sprites, params.figure + env.facing, env.x, env.y)
    if env.off_path and params.visual_feedback:
        stamp(picture, scene.sprites, scene.scenery.cross, env.x, env.y)
    return picture
