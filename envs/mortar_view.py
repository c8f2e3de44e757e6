"""What an agent of Mortar Mayhem perceives: the picture, its symbolic description, and the command vector."""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE, Frame, Sprites, blit, copy, shows
from memorl.envs.compiled import Record, entry, leaf
from memorl.envs.episodes import Array
from memorl.envs.mortar_arena import COMMAND_CORNER, MAX_ARENA, NAMES, SLOT_ORDER, TILE, Scenery, low_edge

LOOK_NAMES = (
    *(f"facing_{45 * facing}" for facing in range(8)),
    *(f"command_{name}" for name in NAMES),
    *("agent_x", "agent_y", "arena_size", "exploded", "safe_x", "safe_y"),
)
_SLOT = np.array([SLOT_ORDER.index(name) for name in NAMES])


@leaf
def _figure(env: Record, rules: Record) -> tuple[int, int, int, int]:
    """First sprite, facing and place of the figure as it is shown."""
    if rules.endless and env.length > 0:
        return env.look[0], env.look[1], env.look[2], env.look[3]
    return rules.figure, env.facing, env.x, env.y


@leaf
def draw(env: Record, rules: Record, scenery: Scenery, sprites: Sprites, frame: Frame) -> None:
    """Draw floor, safe tile, figure and command, in this order, into a frame [84][252]."""
    visible = env.exploded and rules.visual_feedback
    copy(frame, scenery.floors[rules.arena_size, np.int64(visible)])
    if visible:
        corner = low_edge(rules.arena_size)
        blit(frame, sprites, scenery.safe, corner + TILE * env.target_x, corner + TILE * env.target_y)
    figure, facing, x, y = _figure(env, rules)
    blit(frame, sprites, figure + facing, x, y)
    if env.shown >= 0:
        blit(frame, sprites, scenery.commands + env.shown, COMMAND_CORNER, COMMAND_CORNER)


@leaf
def describe(env: Record, rules: Record, sprites: Sprites, looks: NDArray[np.float32]) -> None:
    """Write the values named by `LOOK_NAMES`."""
    looks[:] = 0
    figure, facing, x, y = _figure(env, rules)
    if shows(sprites, figure + facing, x, y):
        looks[facing], looks[17], looks[18] = 1, x / SIZE, y / SIZE
    if env.shown >= 0:
        looks[8 + env.shown] = 1
    looks[19] = rules.arena_size / MAX_ARENA
    if env.exploded and rules.visual_feedback:
        middle = low_edge(rules.arena_size) + TILE // 2
        looks[20] = 1
        looks[21], looks[22] = (middle + TILE * env.target_x) / SIZE, (middle + TILE * env.target_y) / SIZE


@leaf
def spell(env: Record, slots: NDArray[np.float32]) -> None:
    """Write the commands, one-hot in the order of `SLOT_ORDER`, into slots [180]."""
    slots[:] = 0
    for k in range(env.count):
        slots[9 * k + _SLOT[env.commands[k]]] = 1


@entry
def paint(state: Array, rules: Array, scenery: Scenery, sprites: Sprites, pixels: NDArray[np.uint8]) -> None:
    """Draw every env as it stands into pixels [N][84][252]."""
    for i in range(len(state)):
        draw(state[i], rules[state[i].row], scenery, sprites, pixels[i])
