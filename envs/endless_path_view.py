"""What an agent of Endless Mystery Path perceives: the picture and its symbolic description.

The figure stays in its column while the world scrolls by. Of the path only a few tiles behind the figure are drawn.
"""

import math

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import SIZE, Frame, Sprites, blit, copy, shows
from memorl.envs.compiled import Record, entry, leaf
from memorl.envs.endless_path import COLUMNS
from memorl.envs.episodes import Array
from memorl.envs.mystery_options import TILE
from memorl.envs.mystery_view import Scenery
from memorl.envs.path_search import SIDE

LOOK_NAMES = (
    *(f"facing_{45 * facing}" for facing in range(8)),
    *("agent_x", "agent_y", "fallen", "fatigue", "ground_shift", "trodden_shift"),
    *(f"trodden_{column}_{row}" for column in range(COLUMNS) for row in range(SIDE)),
)
_TRODDEN = LOOK_NAMES.index("trodden_0_0")


@leaf
def _oldest_trodden(env: Record, rules: Record) -> int:
    """The last node that is drawn, going back from the one before the figure's; that one's number + 1 if none is."""
    x = env.x // TILE - 1
    oldest = env.node
    if not rules.show_past_path or x < 0:
        return oldest
    limit = max(0, x - int(rules.camera_offset_scale))
    while x >= limit and oldest > 0:
        oldest -= 1
        x = env.node_x[oldest]
        if x == limit:
            break
    return oldest


@leaf
def fatigue(env: Record, rules: Record) -> int:
    """How many pixels of the stamina bar are red."""
    return int(SIZE * (1 - min(env.stamina, rules.stamina_level) / rules.stamina_level))


@leaf
def _cross_x(env: Record) -> int:
    return math.floor(env.x - env.camera + 0.5)


@leaf
def draw(env: Record, rules: Record, scenery: Scenery, sprites: Sprites, frame: Frame) -> None:
    """Draw ground, trodden path, figure, stamina bar and cross, in this order, into a frame [84][252]."""
    shift = env.scroll % TILE
    copy(frame, scenery.grounds[np.int64(rules.show_background), shift : shift + SIZE])
    for node in range(env.node - 1, _oldest_trodden(env, rules) - 1, -1):
        x = int(TILE * env.node_x[node] - env.camera)
        sprite = scenery.sliver if x in (2 - TILE, SIZE - 2) else scenery.trodden
        blit(frame, sprites, sprite, x, TILE * env.node_y[node])
    blit(frame, sprites, rules.figure + env.facing, rules.figure_x, env.y)
    if rules.show_stamina:
        blit(frame, sprites, scenery.bar + fatigue(env, rules), SIZE - 4, 0)
    if env.off and rules.visual_feedback:
        blit(frame, sprites, scenery.cross, _cross_x(env), env.y)


@leaf
def describe(env: Record, rules: Record, scenery: Scenery, sprites: Sprites, looks: NDArray[np.float32]) -> None:
    """Write the values named by `LOOK_NAMES`; the figure's height may leave the picture by a tile."""
    looks[:] = 0
    if shows(sprites, rules.figure + env.facing, rules.figure_x, env.y):
        looks[env.facing] = 1
        looks[8], looks[9] = rules.figure_x / SIZE, (env.y + TILE) / (SIZE + 2 * TILE)
    if env.off and rules.visual_feedback:
        looks[10] = shows(sprites, scenery.cross, _cross_x(env), env.y)
    if rules.show_stamina:
        looks[11] = fatigue(env, rules) / SIZE
    if rules.show_background:
        looks[12] = env.scroll % TILE / TILE
    left = math.floor(env.camera / TILE)
    for node in range(_oldest_trodden(env, rules), env.node):
        column, x = env.node_x[node] - left, int(TILE * env.node_x[node] - env.camera)
        only_its_border = rules.show_background and (x == 1 - TILE or x == SIZE - 1)  # which is that of the ice, too
        if 0 <= column < COLUMNS and not only_its_border:
            looks[_TRODDEN + SIDE * column + env.node_y[node]] = 1
            looks[13] = (env.camera - TILE * left) / TILE


@entry
def paint(state: Array, rules: Array, scenery: Scenery, sprites: Sprites, pixels: NDArray[np.uint8]) -> None:
    """Draw every env as it stands into pixels [N][84][252]."""
    for i in range(len(state)):
        draw(state[i], rules[state[i].row], scenery, sprites, pixels[i])
