"""Observations that are tuples, or dictionaries in dictionaries, as one dictionary of arrays."""

from collections.abc import Iterator
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
        names = [name for name, _ in _parts(env.single_observation_space)]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"observation_space has two entries that are named {twice[0]!r} when it is flattened")
        self.single_observation_space = spaces.Dict(dict(_parts(env.single_observation_space)))
        self.observation_space = spaces.Dict(dict(_parts(env.observation_space)))

    def observations(self, observations: Any) -> dict[str, Any]:
        """Return the parts, by name."""
        return dict(_parts(observations))


def is_nested(space: spaces.Space[Any]) -> bool:
    """Return True if a space is nested, so that `Flat` is for it."""
    inner = spaces.Dict | spaces.Tuple
    return isinstance(space, spaces.Tuple) or (
        isinstance(space, spaces.Dict) and (not space or any(isinstance(part, inner) for part in space.values()))
    )


def _parts(whole: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(whole, dict | spaces.Dict):
        named = [(str(key), part) for key, part in whole.items()]
    elif isinstance(whole, tuple | spaces.Tuple):
        named = [(str(i), part) for i, part in enumerate(whole)]
    else:
        yield name, whole
        return
    if not named:
        raise ValueError(f"observation_space{f'[{name!r}]' if name else ''} is {whole}; it must hold an entry")
    for key, part in named:
        yield from _parts(part, f"{name}.{key}" if name else key)
