"""The ground truth of Mortar Mayhem: the agent's picture, with a green ring around the tile to be on."""

from memorl.envs.drawing.ground_truth import Picture
from memorl.envs.drawing.raster import disc
from memorl.envs.engine.jit import Record

from .arena import TILE, low_edge

_THICK = 2
_RING = disc(TILE // 2)
_RING[_THICK:-_THICK, _THICK:-_THICK] &= ~disc(TILE // 2 - _THICK)


def draw_ground_truth(picture: Picture, env: Record, params: Record) -> None:
    """Mark the target on the agent's picture."""
    corner = low_edge(int(params.arena_size))
    x = corner + TILE * env.target_x
    y = corner + TILE * env.target_y
    picture[x : x + TILE, y : y + TILE][_RING] = (0, 255, 0)
