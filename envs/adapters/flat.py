"""Flatten observations that are tuples or nested dictionaries into one dictionary of arrays."""

from typing import Any, final

from gymnasium import spaces
from gymnasium.vector import VectorEnv, VectorObservationWrapper


@final
class Flat(VectorObservationWrapper):
    """A vector environment whose observation is a dictionary of the innermost parts, named like "2" or "deck.0".

    Raises:
        ValueError: Two parts have the same name, or there is a dictionary or tuple without parts.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        super().__init__(env)
        self.single_observation_space = spaces.Dict(parts_of(env.single_observation_space))
        self.observation_space = spaces.Dict(parts_of(env.observation_space))

    def observations(self, observations: Any) -> dict[str, Any]:
        """Return the parts, by name."""
        return parts_of(observations)


def is_nested(space: spaces.Space[Any]) -> bool:
    """Return True if a space is nested, so that `Flat` is for it."""
    inner = spaces.Dict | spaces.Tuple
    return isinstance(space, spaces.Tuple) or (
        isinstance(space, spaces.Dict) and (not space or any(isinstance(part, inner) for part in space.values()))
    )


def parts_of(whole: Any) -> dict[str, Any]:
    """Return the innermost parts of an observation or a space, by name; one that is not nested has the name ""."""
    if isinstance(whole, dict | spaces.Dict):
        named = [(str(key), part) for key, part in whole.items()]
    elif isinstance(whole, tuple | spaces.Tuple):
        named = [(str(i), part) for i, part in enumerate(whole)]
    else:
        return {"": whole}
    if not named:
        raise ValueError(f"observation_space has an empty entry, {whole}; every entry must hold something")
    inner = [(f"{key}.{name}" if name else key, part) for key, parts in named for name, part in parts_of(parts).items()]
    result = dict(inner)
    if len(result) < len(inner):
        names = [name for name, _ in inner]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"observation_space has two entries that are named {twice!r} when it is flattened")
    return result
