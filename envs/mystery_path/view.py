"""The observations of Mystery Path: the picture and its symbolic description.

The path is never drawn. The picture is black but for the figure, a red cross on it when it has just fallen off, and,
where asked for, the first and the last tile.
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE, Frame, Scene, blit, copy
from memorl.envs.engine.jit import Record, jit

from .options import TILE
from .path_search import SIDE

SYMBOLIC_FIELDS = (
    *(f"facing_{45 * facing}" for facing in range(8)),
    *("agent_x", "agent_y", "fallen"),
    *("origin_shown", "origin_x", "origin_y", "goal_shown", "goal_x", "goal_y"),
)


@jit
def draw(env: Record, params: Record, scene: Scene, frame: Frame) -> None:
    """Draw the ground, the shown ends of the path, the figure and the cross, in this order, into a frame [84][252]."""
    copy(frame, scene.scenery.grounds[0])
    if params.show_origin:
        blit(frame, scene.sprites, scene.scenery.origin, TILE * (env.start // SIDE), TILE * (env.start % SIDE))
    if params.show_goal:
        blit(frame, scene.sprites, scene.scenery.goal, TILE * (env.goal // SIDE), TILE * (env.goal % SIDE))
    blit(frame, scene.sprites, params.figure + env.facing, env.x, env.y)
    if env.off_path and params.visual_feedback:
        blit(frame, scene.sprites, scene.scenery.cross, env.x, env.y)


@jit
def describe(env: Record, params: Record, scene: Scene, vector: NDArray[np.float32]) -> None:
    """Write the values named by `LOOK_NAMES`."""
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
