"""The ground truth of Mortar Mayhem: the agent's picture, with a green ring around the tile to be on."""

from memorl.envs.compiled import Record
from memorl.envs.mortar_arena import TILE, low_edge
from memorl.envs.raster import disc
from memorl.envs.truth import Picture

_THICK = 2
_RING = disc(TILE // 2)
_RING[_THICK:-_THICK, _THICK:-_THICK] &= ~disc(TILE // 2 - _THICK)


def add_truth(picture: Picture, env: Record, rules: Record) -> None:
    """Mark the target on the agent's picture."""
    corner = low_edge(int(rules.arena_size))
    x, y = corner + TILE * env.target_x, corner + TILE * env.target_y
    picture[x : x + TILE, y : y + TILE][_RING] = (0, 255, 0)
