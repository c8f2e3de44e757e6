"""What an environment can be told: a value's check and its place in a record, one class a kind of value.

An environment declares `{name: Option}`. The same options check constructor arguments and `reset(options=...)`, and say
which field of the episode's rules record (numpy structured dtype) holds the value.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from memorl.envs.compiled import leaf
from memorl.envs.random import Stream, integers

Field: TypeAlias = tuple[str, Any] | tuple[str, Any, tuple[int, ...]]
"""One field of a structured dtype: name, type and, for an array inside the record, its shape."""

MAX_CHOICES = 16


class Option(ABC):
    """A kind of value."""

    @abstractmethod
    def field(self, name: str) -> Field:
        """Where a record keeps the value."""

    @abstractmethod
    def encode(self, value: Any) -> Any:
        """The value as the record keeps it; TypeError or ValueError if it is not allowed."""

    @abstractmethod
    def holds(self, stored: NDArray[Any]) -> bool:
        """Whether every entry of that field of some records is one that `encode` gives."""

    @abstractmethod
    def __str__(self) -> str: ...


@final
@dataclass(frozen=True)
class Flag(Option):
    """True or False."""

    def field(self, name: str) -> Field:  # noqa: D102
        return name, np.bool_

    def encode(self, value: Any) -> bool:  # noqa: D102
        if not isinstance(value, bool | np.bool_):
            raise TypeError
        return bool(value)

    def holds(self, stored: NDArray[Any]) -> bool:  # noqa: D102
        return stored.dtype == np.bool_

    def __str__(self) -> str:
        return "True or False"


@final
@dataclass(frozen=True)
class Number(Option):
    """A finite number, low <= value < high."""

    low: float = -np.inf
    high: float = np.inf

    def field(self, name: str) -> Field:  # noqa: D102
        return name, np.float64

    def encode(self, value: Any) -> float:  # noqa: D102
        if isinstance(value, str | bool) or not np.isfinite(value) or not self.low <= value < self.high:
            raise ValueError
        return float(value)

    def holds(self, stored: NDArray[Any]) -> bool:  # noqa: D102
        return bool((np.isfinite(stored) & (self.low <= stored) & (stored < self.high)).all())

    def __str__(self) -> str:
        return f"a finite number x with {self.low:g} <= x < {self.high:g}"


@final
@dataclass(frozen=True)
class Integer(Option):
    """A whole number, low <= value <= high."""

    low: int
    high: int

    def field(self, name: str) -> Field:  # noqa: D102
        return name, np.int64

    def encode(self, value: Any) -> int:  # noqa: D102
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not self.low <= value <= self.high:
            raise ValueError
        return int(value)

    def holds(self, stored: NDArray[Any]) -> bool:  # noqa: D102
        return bool(((self.low <= stored) & (stored <= self.high)).all())

    def __str__(self) -> str:
        return f"a whole number from {self.low} to {self.high}"


@final
@dataclass(frozen=True)
class Choices(Option):
    """A list of whole numbers, one of which is drawn at the start of each episode."""

    low: int
    high: int

    def field(self, name: str) -> Field:  # noqa: D102
        return name, np.int64, (1 + MAX_CHOICES,)

    def encode(self, value: Any) -> NDArray[np.int64]:  # noqa: D102
        if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray) or not 1 <= len(value) <= MAX_CHOICES:
            raise TypeError
        numbers = [Integer(self.low, self.high).encode(number) for number in value]
        return np.array([len(numbers), *numbers] + [0] * (MAX_CHOICES - len(numbers)), np.int64)

    def holds(self, stored: NDArray[Any]) -> bool:  # noqa: D102
        count, numbers = stored[:, :1], stored[:, 1:]
        spare = np.arange(MAX_CHOICES) >= count
        allowed = (self.low <= numbers) & (numbers <= self.high)
        return bool(((count >= 1) & (count <= MAX_CHOICES)).all() and np.where(spare, numbers == 0, allowed).all())

    def __str__(self) -> str:
        return f"a list of 1 to {MAX_CHOICES} whole numbers from {self.low} to {self.high}"


@leaf
def choose(stream: Stream, choices: NDArray[np.int64]) -> int:
    """Draw one of an encoded `Choices`, as `Generator.choice(list)` does."""
    return choices[1 + integers(stream, 0, choices[0])]


def encode(options: Mapping[str, Option], values: Mapping[str, Any]) -> dict[str, Any]:
    """Check every value; ValueError names the first key that is unknown or holds a value that is not allowed."""
    encoded = {}
    for name, value in values.items():
        if name not in options:
            raise ValueError(f"unknown option {name!r}: choose from {', '.join(options)}")
        try:
            encoded[name] = options[name].encode(value)
        except (TypeError, ValueError):
            raise ValueError(f"{name}={value!r} is not allowed: give {options[name]}") from None
    return encoded
