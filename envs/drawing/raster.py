"""The shapes of Memory Gym's pictures, rasterised as pygame 2 does, without pygame.

A shape is a bool array indexed [x][y]. Discs follow pygame's variant of the midpoint circle algorithm, which centres
them on the corner between four pixels: a disc of radius r covers 2r x 2r pixels. Rotation by other than quarter turns
follows SDL's 16.16 fixed-point sampling.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Shape = NDArray[np.bool_]


def _octant(radius: int) -> Iterator[tuple[int, int, bool]]:
    """Yield the points (x, y) of an eighth of a circle, and whether y shrinks at the next one."""
    error = 1 - radius
    x = 0
    y = radius
    while x < y:
        if error >= 0:
            y -= 1
            error -= 2 * y
        x += 1
        error += 2 * x + 1
        yield x, y, error >= 0


def disc(radius: int) -> Shape:
    """Return a filled circle, [2 radius, 2 radius]."""
    reach = np.zeros(radius, np.int64)
    for x, y, shrinks in _octant(radius):
        if shrinks:
            reach[y - 1] = max(reach[y - 1], x)
        reach[x - 1] = max(reach[x - 1], y)
    offset = np.abs(np.arange(2 * radius) - radius + 0.5)
    return offset[:, None] < np.concatenate([reach[::-1], reach])[None, :]


def rotate(shape: Shape, degrees: int) -> Shape:
    """Turn a square counter-clockwise on the screen; off the quarter turns the square grows to hold its corners."""
    if degrees % 90 == 0:
        return np.rot90(shape, -degrees // 90)
    size = len(shape)
    radians = degrees * 0.01745329251929
    sine = math.sin(radians)
    cosine = math.cos(radians)
    grown = int(max(abs(cosine * size + sine * size), abs(cosine * size - sine * size)))
    sine_step = int(sine * 65536)
    cosine_step = int(cosine * 65536)
    shift = (size - grown) << 15
    start_x = (grown << 15) - int(cosine * ((grown - 1) << 15)) + shift
    start_y = (grown << 15) - int(sine * ((grown - 1) << 15)) + shift
    column = np.arange(grown)[:, None]
    row = grown // 2 - np.arange(grown)[None, :]
    x = start_x + sine_step * row + cosine_step * column
    y = start_y - cosine_step * row + sine_step * column
    inside = (x >= 0) & (x < size << 16) & (y >= 0) & (y < size << 16)
    return inside & shape[np.where(inside, x >> 16, 0), np.where(inside, y >> 16, 0)]


def rotate_vector(x: float, y: float, degrees: int) -> tuple[float, float]:
    """Rotate a vector on the screen (y points down), exactly at quarter turns, in doubles elsewhere."""
    quarter, rest = divmod(degrees % 360, 90)
    if rest == 0:
        return [(x, y), (-y, x), (-x, -y), (y, -x)][quarter]
    sine = math.sin(math.radians(degrees % 360))
    cosine = math.cos(math.radians(degrees % 360))
    return cosine * x - sine * y, sine * x + cosine * y


def ring(radius: int) -> Shape:
    """Return the outline of width 1 of a circle, [2 radius, 2 radius]."""
    picture = np.zeros((2 * radius, 2 * radius), np.bool_)
    for x, y, _ in _octant(radius):
        for near, far in ((x, y), (y, x)):
            picture[np.ix_([radius - near, radius + near - 1], [radius - far, radius + far - 1])] = True
    return picture


def gate(size: int, corner: int) -> tuple[Shape, Shape]:
    """Return a square whose upper corners are rounded by circles of radius `corner`, and its outline of width 1."""
    body = np.ones((size, size), np.bool_)
    outline = np.zeros((size, size), np.bool_)
    outline[[0, -1]] = outline[:, -1] = True
    outline[:, 0] = True
    for whole, round_ in ((body, disc(corner)), (outline, ring(corner))):
        whole[:corner, :corner] = round_[:corner, :corner]
        whole[size - corner :, :corner] = round_[corner:, :corner]
    return body, outline
