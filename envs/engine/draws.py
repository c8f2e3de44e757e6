"""More draws of NumPy's generators inside compiled code: doubles, single floats, normal numbers and shuffles.

Normal numbers come from the ziggurat of Marsaglia and Tsang (2000). Under f(x) = exp(-x^2 / 2) lie 256 layers of one
area, layer i as wide as x_i, with r = x_255. Of 64 bits 8 choose a layer i, 1 a sign, and 52 a whole number u:

    x = u w_i,  at once if u < k_i,  where  w_i = x_i / 2^52  and  k_i = 2^52 x_{i-1} / x_i                         (1)
    else, above the base: x if  f_i + (f_{i-1} - f_i) U < f(x)                                                     (2)
    else, in the tail beyond r:  r + a  with  a = -log(1 - U) / r,  if  -2 log(1 - U') > a^2                         (3)

U, U' are uniform. ziggurat.csv has k, w and f of every layer as they are in NumPy's ziggurat_constants.h (NumPy
developers, BSD 3-clause): they were rounded on the way to them, so that they cannot be computed again.
"""

import csv
import math
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit
from .rng import Rng, double, draw32, draw64, integers

_TAIL = 3.6541528853610088
_INVERSE_TAIL = 0.27366123732975828
_ONE = np.uint64(1)


with (resources.files(__package__) / "ziggurat.csv").open() as _file:
    _LAYERS = list(csv.DictReader(_file))
_ACCEPTED = np.array([int(layer["accepted"]) for layer in _LAYERS], np.uint64)
_WIDTH = np.array([float(layer["width"]) for layer in _LAYERS])
_DENSITY = np.array([float(layer["density"]) for layer in _LAYERS])


@jit
def single(rng: Rng) -> np.float32:
    """Draw a single float in [0, 1), as `Generator.random(dtype=numpy.float32)`."""
    return np.float32(np.int64(draw32(rng) >> np.uint64(8))) * np.float32(1.0 / 16777216.0)


@jit
def shuffle(rng: Rng, values: NDArray[Any]) -> None:
    """Shuffle an array, as `Generator.shuffle`: places are drawn by their bits, again where they are beyond the end."""
    for i in range(len(values) - 1, 0, -1):
        mask = np.uint64(i)
        for shift in (1, 2, 4, 8, 16):
            mask |= mask >> np.uint64(shift)
        j = np.int64(draw32(rng) & mask)
        while j > i:
            j = np.int64(draw32(rng) & mask)
        value = values[i]
        values[i] = values[j]
        values[j] = value


@jit
def choose_distinct(rng: Rng, count: int, chosen: NDArray[np.int64]) -> None:
    """Fill an array with different numbers below `count`, as `Generator.choice(count, len(chosen), replace=False)`.

    As NumPy's for a count up to 10,000, it is Floyd's algorithm, and then a shuffle that draws as `integers` does.
    """
    size = len(chosen)
    for i in range(size):
        last = count - size + i
        chosen[i] = integers(rng, 0, last + 1)
        if (chosen[:i] == chosen[i]).any():
            chosen[i] = last
    for i in range(size - 1, 0, -1):
        j = integers(rng, 0, i + 1)
        value = chosen[i]
        chosen[i] = chosen[j]
        chosen[j] = value


@jit
def normal(rng: Rng) -> float:
    """Draw a number of mean 0 and deviation 1, as `Generator.standard_normal()`."""
    while True:
        bits = draw64(rng)
        layer = np.int64(bits & np.uint64(0xFF))
        bits >>= np.uint64(8)
        is_negative = bits & _ONE
        u = bits >> _ONE & np.uint64(0x000FFFFFFFFFFFFF)
        x = np.int64(u) * _WIDTH[layer]
        if is_negative:
            x = -x
        if u < _ACCEPTED[layer]:
            return x
        if layer == 0:
            while True:
                a = -_INVERSE_TAIL * math.log1p(-double(rng))
                b = -math.log1p(-double(rng))
                if b + b > a * a:
                    return -(_TAIL + a) if u >> np.uint64(8) & _ONE else _TAIL + a
        elif (_DENSITY[layer - 1] - _DENSITY[layer]) * double(rng) + _DENSITY[layer] < math.exp(-0.5 * x * x):
            return x
