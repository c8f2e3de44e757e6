"""An option that is a whole number or a range of them, and the draw from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from .fields import Array
from .jit import jit
from .options import Integer, Option
from .rng import Rng, integers


@final
@dataclass(frozen=True)
class IntegerRange(Option):
    """A whole number, or the lowest and the highest of those of which one is drawn at the start of each episode."""

    low: int
    high: int
    dtype: ClassVar[type] = np.int64
    shape: ClassVar[tuple[int, ...]] = (2,)

    def encode(self, value: Any) -> NDArray[np.int64]:  # noqa: D102
        ends = value if isinstance(value, Sequence | np.ndarray) else [value, value]
        low, high = (Integer(self.low, self.high).encode(number) for number in ends)
        if low > high:
            raise ValueError
        return np.array([low, high], np.int64)

    def is_valid(self, stored: Array) -> bool:  # noqa: D102
        return Integer(self.low, self.high).is_valid(stored) and bool((stored[:, 0] <= stored[:, 1]).all())

    def __str__(self) -> str:
        return f"a whole number from {self.low} to {self.high}, or [lowest, highest] of them"


@jit
def draw_from_range(rng: Rng, ends: NDArray[np.int64]) -> int:
    """Draw one of an encoded `IntegerRange`; a range of a single number draws nothing."""
    return integers(rng, ends[0], ends[1] + 1)
