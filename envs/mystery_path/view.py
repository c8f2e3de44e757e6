"""The observations of Mystery Path: the picture and its symbolic description.

The path is never drawn. The picture is black except for the figure, a red cross on it after a fall, and, with
`show_origin` and `show_goal`, the first and the last tile.
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE, Frame, Scene, blit, copy
from memorl.envs.engine.jit import Record, jit

from .options import TILE
from .path_search import SIDE, TILES

SYMBOLIC_FIELDS = (
    *(f"facing_{45 * facing}" for facing in range(8)),
    *("agent_x", "agent_y", "fallen"),
    *("origin_shown", "origin_x", "origin_y", "goal_shown", "goal_x", "goal_y"),
)


@jit
def _draw_tile(scene: Scene, frame: Frame, sprite: int, tile: int) -> None:
    blit(frame, scene.sprites, sprite, TILE * (tile // SIDE), TILE * (tile % SIDE))


@jit
def _draw_figure(env: Record, params: Record, scene: Scene, frame: Frame) -> None:
    blit(frame, scene.sprites, params.figure + env.facing, env.x, env.y)
    if env.off_path and params.visual_feedback:
        blit(frame, scene.sprites, scene.scenery.cross, env.x, env.y)


@jit
def draw(env: Record, params: Record, scene: Scene, frame: Frame) -> None:
    """Draw the ground, the shown ends of the path, the figure and the cross, in this order, into a frame [84][252]."""
    copy(frame, scene.scenery.grounds[0])
    if params.show_origin:
        _draw_tile(scene, frame, scene.scenery.origin, env.start)
    if params.show_goal:
        _draw_tile(scene, frame, scene.scenery.goal, env.goal)
    _draw_figure(env, params, scene, frame)


@jit
def draw_truth(env: Record, params: Record, scene: Scene, frame: Frame) -> None:
    """Draw the ground truth: the path white, its first tile blue, its last one green, walls red."""
    copy(frame, scene.scenery.grounds[0])
    for tile in range(TILES):
        if env.tiles[tile]:
            _draw_tile(scene, frame, scene.scenery.path, tile)
    _draw_tile(scene, frame, scene.scenery.goal, env.goal)
    _draw_tile(scene, frame, scene.scenery.origin, env.start)
    for tile in range(TILES):
        if env.walls[tile]:
            _draw_tile(scene, frame, scene.scenery.wall, tile)
    _draw_figure(env, params, scene, frame)


@jit
def describe(env: Record, params: Record, scene: Scene, vector: NDArray[np.float32]) -> None:
    """Write the values named by `SYMBOLIC_FIELDS`."""
    vector[env.facing] = 1
    vector[8] = env.x / SIZE
    vector[9] = env.y / SIZE
    vector[10] = np.float32(env.off_path and params.visual_feedback)
    if params.show_origin:
        vector[11] = 1
        vector[12] = (env.start // SIDE + 0.5) / SIDE
        vector[13] = (env.start % SIDE + 0.5) / SIDE
    if params.show_goal:
        vector[14] = 1
        vector[15] = (env.goal // SIDE + 0.5) / SIDE
        vector[16] = (env.goal % SIDE + 0.5) / SIDE
