"""An option that is a whole number or a range of them, and the draw from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from memorl.envs.compiled import leaf
from memorl.envs.options import Field, Integer, Option
from memorl.envs.random import Stream, integers


@final
@dataclass(frozen=True)
class Span(Option):
    """A whole number, or the lowest and the highest of those of which one is drawn at the start of each episode."""

    low: int
    high: int

    def field(self, name: str) -> Field:  # noqa: D102
        return name, np.int64, (2,)

    def encode(self, value: Any) -> NDArray[np.int64]:  # noqa: D102
        ends = value if isinstance(value, Sequence | np.ndarray) else [value, value]
        low, high = (Integer(self.low, self.high).encode(number) for number in ends)
        if low > high:
            raise ValueError
        return np.array([low, high], np.int64)

    def holds(self, stored: NDArray[Any]) -> bool:  # noqa: D102
        return Integer(self.low, self.high).holds(stored) and bool((stored[:, 0] <= stored[:, 1]).all())

    def __str__(self) -> str:
        return f"a whole number from {self.low} to {self.high}, or [lowest, highest] of them"


@leaf
def within(stream: Stream, span: NDArray[np.int64]) -> int:
    """Draw one of an encoded `Span`; one that holds a single number draws nothing."""
    return integers(stream, span[0], span[1] + 1)
