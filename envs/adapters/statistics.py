"""Warn of running statistics in the wrappers of an environment, which no checkpoint saves."""

import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, final

import gymnasium
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv, VectorEnv

STATISTICS = ("obs_rms", "return_rms")
"""Attributes of Gymnasium's wrappers that hold running statistics."""

_LIKE_STATISTICS = re.compile(r"(.*_)?(rms|mean|avg|average|var|variance|std)(_.*)?")
"""Names that the attributes with running statistics may have in a user's wrapper."""

_LIKE_MEANS = re.compile(r"(.*_)?(mean|avg|average|mu)(_.*)?")
_LIKE_VARIANCES = re.compile(r"(.*_)?(var|variance|std|m2|sigma|deviation)(_.*)?")
"""Names in a dictionary that a user's wrapper may have for them."""

MAX_DEPTH = 3
"""Containers in containers that are looked into."""

_INSTEAD = {False: "model.normalize_observations=all", True: "agent.normalize_values"}
"""The setting that does the same in the model, by whether the statistics are of rewards."""


@final
class KnownStatistics(gymnasium.Wrapper[Any, Any, Any, Any]):
    """One environment that can be asked for the statistics of its wrappers, also in another process."""

    def find_statistics(self) -> list[tuple[str, str]]:
        """Return the names of the wrappers that have statistics, and of their attributes."""
        return list(_statistics_of(self.env))


def warn_of_statistics(env: VectorEnv[Any, Any, Any]) -> None:
    """Warn of each wrapper, of the batch or in it, that seems to have running statistics of its own."""
    found = list(_statistics_of(env))
    base = env.unwrapped
    if isinstance(base, SyncVectorEnv):
        found += [one for single in base.envs for one in _statistics_of(single)]
    elif isinstance(base, AsyncVectorEnv):
        if all(base.call("has_wrapper_attr", "find_statistics")):
            found += [one for several in base.call("find_statistics") for one in several]
        else:
            found += [("a wrapper", name) for name in STATISTICS if any(base.call("has_wrapper_attr", name))]
    for wrapper, name in dict.fromkeys(found):
        certainly = "which" if name in STATISTICS else "and if they change while it runs they"
        instead = _INSTEAD[re.search("ret|rew", name) is not None]
        warnings.warn(
            f"{wrapper} has statistics of its own ({name}), {certainly} are not saved: they begin anew in a resumed "
            f"run and in evaluation; {instead} normalises in the model",
            stacklevel=2,
        )


def _statistics_of(env: Any) -> Iterator[tuple[str, str]]:
    """Yield the layers of an environment that have statistics, and the name of one attribute of each."""
    layer: Any = env
    while layer is not None:
        values = vars(layer)
        inner = values.get("env")
        is_users = inner is not None and type(layer).__module__.partition(".")[0] not in ("gymnasium", "memorl")
        for name in sorted(values, key=lambda name: name not in STATISTICS):
            is_like = _LIKE_STATISTICS.fullmatch(name) or _holds_moments(values[name])
            if name in STATISTICS or _has_moments(values[name]) or (is_users and is_like):
                yield f"{type(layer).__module__}.{type(layer).__qualname__}", name
                break
        layer = inner


def _has_moments(value: Any) -> bool:
    """Return whether an object stores a mean and a variance; an array only computes them."""
    moments = [getattr(value, name, None) for name in ("mean", "var")]
    return all(moment is not None and not callable(moment) for moment in moments)


def _holds_moments(value: Any, depth: int = 0) -> bool:
    """Return whether containers hold a mean beside a variance or a deviation, or objects that have them."""
    if depth > MAX_DEPTH:
        return False
    if isinstance(value, Mapping):
        names = [str(name).lower() for name in value]
        if all(any(sign.fullmatch(name) for name in names) for sign in (_LIKE_MEANS, _LIKE_VARIANCES)):
            return True
        value = value.values()
    elif not isinstance(value, list | tuple):
        return _has_moments(value)
    return any(_holds_moments(part, depth + 1) for part in value)
