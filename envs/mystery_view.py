"""What an agent of Mystery Path perceives: the picture and its symbolic description.

The path is never drawn. The picture is black but for the figure, a red cross on it when it has just fallen off, and,
where asked for, the first and the last tile.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE, Atlas, Frame, Sprites, blit, copy
from memorl.envs.compiled import Record, entry, leaf
from memorl.envs.episodes import Array
from memorl.envs.mystery_options import TILE
from memorl.envs.path_search import SIDE

LOOK_NAMES = (
    *(f"facing_{45 * facing}" for facing in range(8)),
    *("agent_x", "agent_y", "fallen"),
    *("origin_shown", "origin_x", "origin_y", "goal_shown", "goal_x", "goal_y"),
)
_CROSS = 10


class Scenery(NamedTuple):
    """Everything drawn before the game starts, as compiled code takes it: grounds, and numbers of sprites."""

    grounds: NDArray[np.uint8]
    """[0 black, 1 ice][84 + 12][252]: a tile more than a frame, to scroll by its offset."""
    origin: int
    """A blue tile, origin at its corner, as of the next three."""
    goal: int
    trodden: int
    sliver: int
    """A trodden tile of which just two columns are visible: pygame then draws its border over both."""
    cross: int
    """Origin at its centre."""
    bar: int
    """The first of 85 stamina bars by the height of their red part, origin at the corner."""


def _grounds() -> NDArray[np.uint8]:
    grounds = np.zeros((2, SIZE + TILE, SIZE, 3), np.uint8)
    tile = np.empty((TILE, TILE, 3), np.uint8)
    tile[:], tile[1:-1, 1:-1] = _GREY, (125, 177, 250)
    grounds[1] = np.tile(tile, (SIDE + 1, SIDE, 1))
    return grounds.reshape(2, SIZE + TILE, 3 * SIZE)


_GREY = (210, 210, 210)


def add_scenery(atlas: Atlas) -> Scenery:
    """Draw the grounds, the tiles, the cross and the stamina bars."""
    tile, inner = np.ones((TILE, TILE), np.bool_), np.zeros((TILE, TILE), np.bool_)
    inner[1:-1, 1:-1] = True
    across = np.arange(_CROSS)[:, None] - np.arange(_CROSS)
    falling = np.abs(across) <= 1
    cross = falling | falling[::-1]
    origin = atlas.add([(tile, (0, 0, 255))])
    goal = atlas.add([(tile, (0, 255, 0))])
    trodden = atlas.add([(tile, _GREY), (inner, (255, 255, 255))])
    sliver = atlas.add([(tile, _GREY)])
    fall = atlas.add([(cross, (255, 0, 0))], (_CROSS // 2, _CROSS // 2))
    bar = np.ones((4, SIZE), np.bool_)
    bars = [atlas.add([(bar, (0, 255, 0)), (bar & (np.arange(SIZE) < red), (255, 0, 0))]) for red in range(SIZE + 1)]
    return Scenery(_grounds(), origin, goal, trodden, sliver, fall, bars[0])


@leaf
def draw(env: Record, rules: Record, scenery: Scenery, sprites: Sprites, frame: Frame) -> None:
    """Draw the ground, the shown ends of the path, the figure and the cross, in this order, into a frame [84][252]."""
    copy(frame, scenery.grounds[0])
    if rules.show_origin:
        blit(frame, sprites, scenery.origin, TILE * (env.start // SIDE), TILE * (env.start % SIDE))
    if rules.show_goal:
        blit(frame, sprites, scenery.goal, TILE * (env.goal // SIDE), TILE * (env.goal % SIDE))
    blit(frame, sprites, rules.figure + env.facing, env.x, env.y)
    if env.off and rules.visual_feedback:
        blit(frame, sprites, scenery.cross, env.x, env.y)


@leaf
def describe(env: Record, rules: Record, looks: NDArray[np.float32]) -> None:
    """Write the values named by `LOOK_NAMES`."""
    looks[:] = 0
    looks[env.facing] = 1
    looks[8], looks[9] = env.x / SIZE, env.y / SIZE
    looks[10] = np.float32(env.off and rules.visual_feedback)
    if rules.show_origin:
        looks[11], looks[12], looks[13] = 1, (env.start // SIDE + 0.5) / SIDE, (env.start % SIDE + 0.5) / SIDE
    if rules.show_goal:
        looks[14], looks[15], looks[16] = 1, (env.goal // SIDE + 0.5) / SIDE, (env.goal % SIDE + 0.5) / SIDE


@entry
def paint(state: Array, rules: Array, scenery: Scenery, sprites: Sprites, pixels: NDArray[np.uint8]) -> None:
    """Draw every env as it stands into pixels [N][84][252]."""
    for i in range(len(state)):
        draw(state[i], rules[state[i].row], scenery, sprites, pixels[i])
