"""Returns, lengths and metrics of the episodes of a vector environment.

Legend: N environments.

An environment reports figures of its own in the infos of its last step. Every number counts: Python's, NumPy's, arrays,
tensors, lists and tuples of one number, and those in dictionaries in dictionaries, named like "combat.kills". One that
has a name of `OWN_FIGURES` is kept as "env_return" and so on, and one whose name another one has as "env_return_2".
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import count
from numbers import Real
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .observations import InvalidStep
from .saved import require_like

Episode = dict[str, float]
"""Return, length and the environment's own figures of one episode."""

OWN_FIGURES = ("return", "length", "level", "cut")
"""Names of the figures of an episode that are not the environment's."""

MAX_DEPTH = 32
"""Dictionaries in dictionaries that infos have at most."""


def mean_figures(episodes: Iterable[Episode]) -> Episode:
    """Return the mean of each figure over the episodes in which it is finite; one that never is gets left out."""
    values: dict[str, list[float]] = {}
    for episode in episodes:
        for name, number in episode.items():
            values.setdefault(name, []).extend([number] if math.isfinite(number) else [])
    return {name: mean_of(numbers) for name, numbers in values.items() if numbers}


def mean_of(numbers: Sequence[float] | NDArray[np.float64]) -> float:
    """Return the mean of finite numbers, also where their sum is larger than any float."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.mean(numbers)
        if not np.isfinite(mean):
            mean = np.clip(np.divide(numbers, len(numbers)).sum(), np.min(numbers), np.max(numbers))
    return float(mean)


class EpisodeStatistics:
    """The running return and length of N environments, and the episodes that have ended.

    Args:
        num_envs: N.
        repeated: Figures of the environment that are the return and the length once more, and are left out.
    """

    def __init__(self, num_envs: int, repeated: Collection[str] = ()) -> None:
        self.repeated = {(name,) for name in repeated}
        self.returns = np.zeros(num_envs)
        self.lengths = np.zeros(num_envs, np.int64)
        self._episodes: list[Episode] = []
        self._names: dict[tuple[Any, ...], str] = {}

    def reset(self) -> None:
        """Begin an episode in every environment."""
        self.returns[:] = 0
        self.lengths[:] = 0

    def update(self, reward: np.ndarray, first: np.ndarray, last: np.ndarray, infos: Mapping[str, Any]) -> None:
        """Count one step, [N], and keep the episodes that it ends."""
        self.returns = np.where(first, 0.0, self.returns + reward)
        self.lengths = np.where(first, 0, self.lengths + 1)
        for n in np.flatnonzero(last):
            episode = {"return": float(self.returns[n]), "length": int(self.lengths[n])}
            figures = {keys: x for keys, x in _env_figures(infos, int(n)) if keys not in self.repeated}
            for keys in sorted(figures, key=_is_composed):
                if keys not in self._names:
                    self._names[keys] = self._find_name(keys)
            for keys, number in figures.items():
                episode[self._names[keys]] = number
            self._episodes.append(episode)

    def _find_name(self, keys: tuple[Any, ...]) -> str:
        """Return a name for a figure with these keys that no other figure has had."""
        name = _name_of(keys)
        others = set(self._names.values())
        numbered = (f"{name}_{number}" for number in count(2))
        return name if name not in others else next(free for free in numbered if free not in others)

    def pop(self) -> list[Episode]:
        """Return the episodes that ended since the last call."""
        episodes = self._episodes
        self._episodes = []
        return episodes

    def running(self) -> list[Episode]:
        """Return the return and length so far of every environment's current episode."""
        counts = zip(self.returns, self.lengths, strict=True)
        return [{"return": float(total), "length": float(length)} for total, length in counts]

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return the running returns and lengths."""
        return {"returns": torch.from_numpy(self.returns.copy()), "lengths": torch.from_numpy(self.lengths.copy())}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Continue from a `state_dict`.

        Raises:
            ValueError: If it has another number of environments, or values that no episode has.
        """
        require_like("episodes", state, self.state_dict())
        if not state["returns"].isfinite().all() or (state["lengths"] < 0).any():
            raise ValueError("episodes has returns that are not finite, or lengths below 0")
        self.returns = state["returns"].cpu().numpy().copy()
        self.lengths = state["lengths"].cpu().numpy().copy()


def _name_of(keys: tuple[Any, ...]) -> str:
    name = ".".join(map(str, keys))
    return f"env_{name}" if name in OWN_FIGURES else name


def _is_composed(keys: tuple[Any, ...]) -> bool:
    """Return whether the name of a figure is made by us, not taken from the environment; such names are chosen last."""
    return (_name_of(keys),) != keys


def _env_figures(infos: Mapping[Any, Any], n: int, depth: int = 0) -> Iterator[tuple[tuple[Any, ...], float]]:
    """Yield the keys and the value of every number that environment n reports with its last observation."""
    _require_depth(depth, n)
    for key, values in infos.items():
        if f"_{key}" not in infos or not infos[f"_{key}"][n]:
            continue
        if isinstance(values, Mapping):
            inner = _env_figures(values, n, depth + 1)
        elif isinstance(values, np.ndarray) and values.ndim:
            inner = _numbers_in(values[n], n, depth + 1)
        else:
            continue
        for keys, number in inner:
            yield (key, *keys), number


def _numbers_in(value: Any, n: int, depth: int) -> Iterator[tuple[tuple[Any, ...], float]]:
    """Yield the keys and the value of every number in what environment n reports: a number, or a dictionary."""
    _require_depth(depth, n)
    if isinstance(value, Mapping):
        for key, part in value.items():
            for keys, number in _numbers_in(part, n, depth + 1):
                yield (key, *keys), number
        return
    own = _as_number(value)
    if own is not None:
        yield (), own


def _require_depth(depth: int, n: int) -> None:
    if depth > MAX_DEPTH:
        raise InvalidStep(f"infos of env {n} are nested in more than {MAX_DEPTH} dictionaries, or contain themselves")


def _as_number(value: Any) -> float | None:
    """Return a number as a float, or None if the value is no number; what holds one number is a number."""
    if isinstance(value, np.generic | np.ndarray | torch.Tensor):
        value = value.item() if math.prod(value.shape) == 1 else None
    elif isinstance(value, list | tuple) and len(value) == 1 and not isinstance(value[0], list | tuple):
        return _as_number(value[0])
    if not isinstance(value, Real | Decimal):
        return None
    try:
        return float(value)
    except (OverflowError, ValueError):  # too large, or a signalling NaN
        return float("nan")
