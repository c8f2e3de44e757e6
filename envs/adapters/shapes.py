"""Check the shapes and types of observations against their space, so that an error names the entry."""

from typing import Any, final

import gymnasium
import numpy as np

from .flat import parts_of
from .infos import InvalidReturn


@final
class ShapedObservations(gymnasium.ObservationWrapper[Any, Any, Any]):
    """One environment whose observations have the shapes and types of its space.

    Args:
        env: The environment.
        types: Refuse another type, too, as a batch in one process does; one of processes converts it.

    Raises:
        InvalidReturn: In `reset` and `step`, if an observation has another shape, type or other entries.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], types: bool = True) -> None:
        super().__init__(env)
        self.types = types
        self.parts = _arrays_of(env.observation_space)

    def observation(self, observation: Any) -> Any:
        """Return the observation as it is."""
        if self.parts is None:
            return observation
        found = parts_of(observation) if isinstance(observation, dict | tuple) else {"": observation}
        if found.keys() != self.parts.keys():
            raise self._invalid("", f"has the entries {_list(found)}; it must have {_list(self.parts)}")
        for name, part in found.items():
            shape, dtype = self.parts[name]
            array = np.asarray(part)
            if array.shape != shape:
                raise self._invalid(name, f"has shape {array.shape}; it must be {shape}")
            if self.types and array.dtype != dtype and not np.can_cast(array.dtype, dtype, "same_kind"):
                raise self._invalid(name, f"has type {array.dtype}; it must be {dtype}")
        return observation

    def _invalid(self, name: str, what: str) -> InvalidReturn:
        entry = f"entry {name!r} of the observation" if name else "observation"
        return InvalidReturn(f"the {entry} of {self.env.unwrapped} {what}")


def _arrays_of(space: Any) -> dict[str, Any] | None:
    """Return the shape and type of each part of a space; None if a part is no array, or there are no parts."""
    try:
        parts = parts_of(space)
    except ValueError:
        return None
    if any(part.shape is None or part.dtype is None for part in parts.values()):
        return None
    return {name: (part.shape, part.dtype) for name, part in parts.items()}


def _list(parts: dict[str, Any]) -> str:
    return ", ".join(name or "(none)" for name in parts)
