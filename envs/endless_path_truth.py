"""The ground truth of Endless Mystery Path: the path, white, shines through on the ice."""

import math

import numpy as np

from memorl.envs.canvas import SIZE, Sprites
from memorl.envs.compiled import Record
from memorl.envs.endless_path_view import fatigue
from memorl.envs.mystery_options import TILE
from memorl.envs.mystery_view import Scenery
from memorl.envs.truth import Picture, picture_of, stamp

_OPAQUE = 200


def draw_truth(env: Record, rules: Record, scenery: Scenery, sprites: Sprites) -> Picture:
    """The picture of one env."""
    shift = int(env.scroll) % TILE
    picture = picture_of(scenery.grounds[int(rules.show_background), shift : shift + SIZE])
    path = np.zeros((SIZE, SIZE), np.bool_)
    for x, y in zip(env.node_x[: env.nodes], env.node_y[: env.nodes], strict=True):
        left = TILE * x + int(-env.camera)
        path[max(0, left) : max(0, left + TILE), TILE * y : TILE * (y + 1)] = True
    below = picture[path].astype(np.int64)
    picture[path] = below + (255 - below) * _OPAQUE // 255
    stamp(picture, sprites, rules.figure + env.facing, rules.figure_x, env.y)
    if env.off and rules.visual_feedback:
        stamp(picture, sprites, scenery.cross, math.floor(env.x - env.camera + 0.5), env.y)
    stamp(picture, sprites, scenery.bar + fatigue(env, rules), SIZE - 4, 0)
    return picture
