"""The observations of Endless Mystery Path: the picture and its symbolic description.

The figure stays in its column while the world scrolls by. Of the path only a few tiles behind the figure are drawn.
"""

import math

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE, Frame, Scene, blit, copy, shows
from memorl.envs.engine.jit import Record, jit

from .endless_path import COLUMNS
from .options import TILE
from .path_search import SIDE

SYMBOLIC_FIELDS = (
    *(f"facing_{45 * facing}" for facing in range(8)),
    *("agent_x", "agent_y", "fallen", "fatigue", "ground_shift", "trodden_shift"),
    *(f"trodden_{column}_{row}" for column in range(COLUMNS) for row in range(SIDE)),
)
_OPAQUE = 200
_TRODDEN = SYMBOLIC_FIELDS.index("trodden_0_0")


@jit
def _oldest_trodden(env: Record, params: Record) -> int:
    """Return the last node that is drawn, going back from the node before the figure's; its own node if none is."""
    x = env.x // TILE - 1
    oldest = env.node
    if not params.show_past_path or x < 0:
        return oldest
    limit = max(0, x - int(params.camera_offset_scale))
    while x >= limit and oldest > 0:
        oldest -= 1
        x = env.node_x[oldest]
        if x == limit:
            break
    return oldest


@jit
def fatigue(env: Record, params: Record) -> int:
    """Return how many pixels of the stamina bar are red."""
    return int(SIZE * (1 - min(env.stamina, params.stamina_level) / params.stamina_level))


@jit
def _cross_x(env: Record) -> int:
    return math.floor(env.x - env.camera + 0.5)


@jit
def draw(env: Record, params: Record, scene: Scene, frame: Frame) -> None:
    """Draw ground, trodden path, figure, stamina bar and cross, in this order, into a frame [84][252]."""
    shift = env.scroll % TILE
    copy(frame, scene.scenery.grounds[np.int64(params.show_background), shift : shift + SIZE])
    for node in range(env.node - 1, _oldest_trodden(env, params) - 1, -1):
        x = int(TILE * env.node_x[node] - env.camera)
        sprite = scene.scenery.sliver if x in (2 - TILE, SIZE - 2) else scene.scenery.trodden
        blit(frame, scene.sprites, sprite, x, TILE * env.node_y[node])
    blit(frame, scene.sprites, params.figure + env.facing, params.figure_x, env.y)
    if params.show_stamina:
        blit(frame, scene.sprites, scene.scenery.bar + fatigue(env, params), SIZE - 4, 0)
    if env.off_path and params.visual_feedback:
        blit(frame, scene.sprites, scene.scenery.cross, _cross_x(env), env.y)


@jit
def draw_truth(env: Record, params: Record, scene: Scene, frame: Frame) -> None:
    """Draw the ground truth: the path, white, shines through on the ice."""
    shift = env.scroll % TILE
    copy(frame, scene.scenery.grounds[np.int64(params.show_background), shift : shift + SIZE])
    for node in range(env.nodes):
        left = TILE * env.node_x[node] + int(-env.camera)
        top = 3 * TILE * env.node_y[node]
        for x in range(max(0, left), min(SIZE, left + TILE)):
            for b in range(top, top + 3 * TILE):
                frame[x, b] += (255 - frame[x, b]) * _OPAQUE // 255
    blit(frame, scene.sprites, params.figure + env.facing, params.figure_x, env.y)
    if env.off_path and params.visual_feedback:
        blit(frame, scene.sprites, scene.scenery.cross, _cross_x(env), env.y)
    blit(frame, scene.sprites, scene.scenery.bar + fatigue(env, params), SIZE - 4, 0)


@jit
def describe(env: Record, params: Record, scene: Scene, vector: NDArray[np.float32]) -> None:
    """Write the values named by `SYMBOLIC_FIELDS`; the figure's height may leave the picture by a tile."""
    if shows(scene.sprites, params.figure + env.facing, params.figure_x, env.y):
        vector[env.facing] = 1
        vector[8] = params.figure_x / SIZE
        vector[9] = (env.y + TILE) / (SIZE + 2 * TILE)
    if env.off_path and params.visual_feedback:
        vector[10] = shows(scene.sprites, scene.scenery.cross, _cross_x(env), env.y)
    if params.show_stamina:
        vector[11] = fatigue(env, params) / SIZE
    if params.show_background:
        vector[12] = env.scroll % TILE / TILE
    left = math.floor(env.camera / TILE)
    for node in range(_oldest_trodden(env, params), env.node):
        column = env.node_x[node] - left
        x = int(TILE * env.node_x[node] - env.camera)
        only_its_border = params.show_background and (x == 1 - TILE or x == SIZE - 1)  # which is that of the ice, too
        if 0 <= column < COLUMNS and not only_its_border:
            vector[_TRODDEN + SIDE * column + env.node_y[node]] = 1
            vector[13] = (env.camera - TILE * left) / TILE
