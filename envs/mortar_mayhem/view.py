"""The observations of Mortar Mayhem: the picture, its symbolic description, and the command vector."""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.drawing.canvas import SIZE, Frame, Scene, blit, copy, shows
from memorl.envs.engine.jit import Record, jit

from .arena import COMMAND_CORNER, MAX_ARENA, NAMES, SLOT_ORDER, TILE, low_edge
from .options import COMMAND_VECTOR

SYMBOLIC_FIELDS = (
    *(f"facing_{45 * facing}" for facing in range(8)),
    *(f"command_{name}" for name in NAMES),
    *("agent_x", "agent_y", "arena_size", "exploded", "safe_x", "safe_y"),
)
_SLOT = np.array([SLOT_ORDER.index(name) for name in NAMES])


@jit
def _figure(env: Record, params: Record) -> tuple[int, int, int, int]:
    """Return first sprite, facing and place of the figure as it is shown."""
    if params.endless and env.length > 0:
        return env.drawn_figure[0], env.drawn_figure[1], env.drawn_figure[2], env.drawn_figure[3]
    return params.figure, env.facing, env.x, env.y


@jit
def draw(env: Record, params: Record, scene: Scene, frame: Frame) -> None:
    """Draw floor, safe tile, figure and command, in this order, into a frame [84][252]."""
    visible = env.exploded and params.visual_feedback
    copy(frame, scene.scenery.floors[params.arena_size, np.int64(visible)])
    if visible:
        corner = low_edge(params.arena_size)
        blit(frame, scene.sprites, scene.scenery.safe, corner + TILE * env.target_x, corner + TILE * env.target_y)
    figure, facing, x, y = _figure(env, params)
    blit(frame, scene.sprites, figure + facing, x, y)
    if env.command_on_view >= 0:
        blit(frame, scene.sprites, scene.scenery.commands + env.command_on_view, COMMAND_CORNER, COMMAND_CORNER)


@jit
def draw_truth(env: Record, params: Record, scene: Scene, frame: Frame) -> None:
    """Draw the ground truth: the agent's picture, with a green ring around the tile to be on."""
    draw(env, params, scene, frame)
    corner = low_edge(params.arena_size)
    blit(frame, scene.sprites, scene.scenery.target, corner + TILE * env.target_x, corner + TILE * env.target_y)


@jit
def _describe_picture(env: Record, params: Record, scene: Scene, vector: NDArray[np.float32]) -> None:
    figure, facing, x, y = _figure(env, params)
    if shows(scene.sprites, figure + facing, x, y):
        vector[facing] = 1
        vector[17] = x / SIZE
        vector[18] = y / SIZE
    if env.command_on_view >= 0:
        vector[8 + env.command_on_view] = 1
    vector[19] = params.arena_size / MAX_ARENA
    if env.exploded and params.visual_feedback:
        middle = low_edge(params.arena_size) + TILE // 2
        vector[20] = 1
        vector[21] = (middle + TILE * env.target_x) / SIZE
        vector[22] = (middle + TILE * env.target_y) / SIZE


@jit
def describe(env: Record, params: Record, scene: Scene, vector: NDArray[np.float32]) -> None:
    """Write the values named by `SYMBOLIC_FIELDS`, unless there are pixels, and the commands of act-only variants."""
    if len(vector) != COMMAND_VECTOR:
        _describe_picture(env, params, scene, vector)
    if params.act_only:
        first = len(vector) - COMMAND_VECTOR
        for k in range(env.count):
            vector[first + 9 * k + _SLOT[env.commands[k]]] = 1
