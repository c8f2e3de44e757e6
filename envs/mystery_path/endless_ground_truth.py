"""The ground truth of Endless Mystery Path: the path, white, shines through on the ice."""

import math

import numpy as np

from memorl.envs.drawing.canvas import SIZE, Scene
from memorl.envs.drawing.ground_truth import Picture, picture_of, stamp
from memorl.envs.engine.jit import Record

from .endless_view import fatigue
from .options import TILE

_OPAQUE = 200


def draw_ground_truth(env: Record, params: Record, scene: Scene) -> Picture:
    """Return the picture of one env."""
    shift = int(env.scroll) % TILE
    picture = picture_of(scene.scenery.grounds[int(params.show_background), shift : shift + SIZE])
    path = np.zeros((SIZE, SIZE), np.bool_)
    for x, y in zip(env.node_x[: env.nodes], env.node_y[: env.nodes], strict=True):
        left = TILE * x + int(-env.camera)
        path[max(0, left) : max(0, left + TILE), TILE * y : TILE * (y + 1)] = True
    below = picture[path].astype(np.int64)
    picture[path] = below + (255 - below) * _OPAQUE // 255
    stamp(picture, scene.sprites, params.figure + env.facing, params.figure_x, env.y)
    if env.off_path and params.visual_feedback:
        stamp(picture, scene.sprites, scene.scenery.cross, math.floor(env.x - env.camera + 0.5), env.y)
    stamp(picture, scene.sprites, scene.scenery.bar + fatigue(env, params), SIZE - 4, 0)
    return picture
