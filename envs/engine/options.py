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

    @abstractmethod
    def is_valid(self, stored: Array) -> bool:
        """Return True if every entry of a field is a value that `encode` returns."""

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

    def is_valid(self, stored: Array) -> bool:  # noqa: D102
        return stored.dtype == np.bool_

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

    def is_valid(self, stored: Array) -> bool:  # noqa: D102
        return bool((np.isfinite(stored) & (self.low <= stored) & (stored < self.high)).all())

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

    def is_valid(self, stored: Array) -> bool:  # noqa: D102
        return bool(((self.low <= stored) & (stored <= self.high)).all())

    def __str__(self) -> str:
        return f"a whole number from {self.low} to {self.high}"


@final
@dataclass(frozen=True)
class Choices(Option):
    """A list of whole numbers, one of which is drawn at the start of each episode."""

    low: int
    high: int
    dtype: ClassVar[type] = np.int64
    shape: ClassVar[tuple[int, ...]] = (1 + MAX_CHOICES,)

    def encode(self, value: Any) -> NDArray[np.int64]:  # noqa: D102
        if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray) or not 1 <= len(value) <= MAX_CHOICES:
            raise TypeError
        numbers = [Integer(self.low, self.high).encode(number) for number in value]
        return np.array([len(numbers), *numbers] + [0] * (MAX_CHOICES - len(numbers)), np.int64)

    def is_valid(self, stored: Array) -> bool:  # noqa: D102
        count = stored[:, :1]
        numbers = stored[:, 1:]
        unused = np.arange(MAX_CHOICES) >= count
        allowed = (self.low <= numbers) & (numbers <= self.high)
        return bool(((count >= 1) & (count <= MAX_CHOICES)).all() and np.where(unused, numbers == 0, allowed).all())

    def __str__(self) -> str:
        return f"a list of 1 to {MAX_CHOICES} whole numbers from {self.low} to {self.high}"


@jit
def choose(rng: Rng, choices: NDArray[np.int64]) -> int:
    """Draw one of an encoded `Choices`, as `Generator.choice(list)` does."""
    return choices[1 + integers(rng, 0, choices[0])]


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
