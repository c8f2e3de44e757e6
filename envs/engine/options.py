"""The kinds of options: how a value is checked, and how a record keeps it.

An environment's constructor names the kind of each option in its signature: `delay: Annotated[int, Integer(0, 9)] = 4`.
The same kinds check the arguments of the constructor and `reset(options=...)`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from .fields import Array, Field
from .jit import jit
from .names import unknown_name
from .rng import Rng, integers

MAX_CHOICES = 16
MAX_COUNT = 2**31
"""The bound of options and fields that count steps or other things and have no bound of their own."""


class Option(ABC):
    """A kind of value."""

    dtype: ClassVar[type]
    """The type of the field that holds the value."""
    shape: ClassVar[tuple[int, ...]] = ()
    """The shape of the field that holds the value."""

    def field(self, name: str) -> Field:
        """Return the field of a record that holds the value."""
        return Field(name, self.dtype, shape=self.shape)

    @abstractmethod
    def encode(self, value: Any) -> Any:
        """Return the value as a record holds it; TypeError or ValueError if it is not of this kind."""

    def decode(self, stored: Any) -> Any:
        """Return a value that `encode` would turn into `stored`, if there is such a value."""
        return stored

    def is_valid(self, stored: Array) -> bool:
        """Return True if every row of a field is a value that `encode` returns."""
        try:
            return all(np.array_equal(self.encode(self.decode(row)), row) for row in stored)
        except (TypeError, ValueError):
            return False

    @abstractmethod
    def __str__(self) -> str: ...


@final
@dataclass(frozen=True)
class Flag(Option):
    """True or False."""

    dtype: ClassVar[type] = np.bool_

    def encode(self, value: Any) -> bool:  # noqa: D102
        if not isinstance(value, bool | np.bool_):
            raise TypeError
        return bool(value)

    def __str__(self) -> str:
        return "True or False"


@final
@dataclass(frozen=True)
class Number(Option):
    """A finite number, low <= value < high."""

    low: float = -np.inf
    high: float = np.inf
    dtype: ClassVar[type] = np.float64

    def encode(self, value: Any) -> float:  # noqa: D102
        if isinstance(value, str | bool) or not np.isfinite(value) or not self.low <= value < self.high:
            raise ValueError
        return float(value)

    def __str__(self) -> str:
        return f"a finite number x with {self.low:g} <= x < {self.high:g}"


@final
@dataclass(frozen=True)
class Integer(Option):
    """A whole number, low <= value <= high."""

    low: int
    high: int
    dtype: ClassVar[type] = np.int64

    def encode(self, value: Any) -> int:  # noqa: D102
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not self.low <= value <= self.high:
            raise ValueError
        return int(value)

    def __str__(self) -> str:
        return f"a whole number from {self.low} to {self.high}"


@final
@dataclass(frozen=True)
class Choices(Option):
    """A list of whole numbers from which each episode draws one."""

    low: int
    high: int
    dtype: ClassVar[type] = np.int64
    shape: ClassVar[tuple[int, ...]] = (1 + MAX_CHOICES,)

    def encode(self, value: Any) -> NDArray[np.int64]:  # noqa: D102
        if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray) or not 1 <= len(value) <= MAX_CHOICES:
            raise TypeError
        numbers = [Integer(self.low, self.high).encode(number) for number in value]
        return np.array([len(numbers), *numbers] + [0] * (MAX_CHOICES - len(numbers)), np.int64)

    def decode(self, stored: Any) -> Any:  # noqa: D102
        return stored[1 : 1 + stored[0]]

    def __str__(self) -> str:
        return f"a list of 1 to {MAX_CHOICES} whole numbers from {self.low} to {self.high}"


@final
@dataclass(frozen=True)
class IntegerRange(Option):
    """A whole number, or a range [lowest, highest] from which each episode draws one."""

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

    def __str__(self) -> str:
        return f"a whole number from {self.low} to {self.high}, or [lowest, highest] of them"


@jit
def choose(rng: Rng, choices: NDArray[np.int64]) -> int:
    """Draw one of an encoded `Choices`, as `Generator.choice(list)` does."""
    return choices[1 + integers(rng, 0, choices[0])]


@jit
def draw_from_range(rng: Rng, ends: NDArray[np.int64]) -> int:
    """Draw one of an encoded `IntegerRange`; a range of a single number draws nothing."""
    return integers(rng, ends[0], ends[1] + 1)


def encode(options: Mapping[str, Option], values: Mapping[str, Any]) -> dict[str, Any]:
    """Encode every value; ValueError names the first key that is unknown or whose value is not of its kind."""
    encoded = {}
    for name, value in values.items():
        if name not in options:
            raise unknown_name("an option", name, options)
        try:
            encoded[name] = options[name].encode(value)
        except (TypeError, ValueError):
            raise ValueError(f"{name} is {value!r}; it must be {options[name]}") from None
    return encoded
