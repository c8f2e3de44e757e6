"""Texts in observations, which no encoder reads."""

import warnings
from collections.abc import Mapping
from typing import Any, final

import gymnasium
from gymnasium import spaces


@final
class WithoutTexts(gymnasium.ObservationWrapper[Any, Any, Any]):
    """One environment whose observation has no texts, such as MiniGrid's `mission`, at any depth.

    A tuple with a text becomes a dictionary, so that its other parts keep their numbers as names.
    """

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env)
        space = env.observation_space
        self.texts = list(_texts(space)) if isinstance(space, spaces.Dict | spaces.Tuple) else []
        if self.texts:
            name = env.spec.id if env.spec else type(env.unwrapped).__name__
            left_out = f"the observation of {name} has texts, which are left out: {', '.join(self.texts)}"
            warnings.warn(left_out, stacklevel=1)
            self.kept = _kept(space)
            self.observation_space = _strip_space(space)

    def observation(self, observation: Any) -> Any:
        """Return the observation without its texts."""
        return _strip(observation, self.kept) if self.texts else observation


def _named(whole: Any) -> dict[str, Any]:
    """Return the parts of a dictionary or tuple, or of such a space, by name."""
    if isinstance(whole, Mapping | spaces.Dict):
        return dict(whole.items())
    return {str(i): part for i, part in enumerate(whole)}


def _is_text(space: spaces.Space[Any]) -> bool:
    return space.dtype is not None and space.dtype.kind == "U"


def _texts(space: spaces.Space[Any]) -> list[str]:
    """Return the names of the texts in a dictionary or tuple, inner ones as "deck.0"."""
    found = []
    for name, part in _named(space).items():
        if isinstance(part, spaces.Dict | spaces.Tuple):
            found += [f"{name}.{inner}" for inner in _texts(part)]
        elif _is_text(part):
            found.append(str(name))
    return found


def _kept(space: spaces.Space[Any]) -> dict[str, Any] | None:
    """Return the names of the parts that stay when texts are left out, each with the names inside it; None for all."""
    if not isinstance(space, spaces.Dict | spaces.Tuple) or not _texts(space):
        return None
    inner = {name: (part, _kept(part)) for name, part in _named(space).items() if not _is_text(part)}
    return {name: kept for name, (_, kept) in inner.items() if kept is None or kept}


def _strip_space(space: spaces.Space[Any]) -> spaces.Space[Any]:
    kept = _kept(space)
    if kept is None:
        return space
    parts = _named(space)
    return spaces.Dict({name: _strip_space(parts[name]) for name in kept})


def _strip(observation: Any, kept: dict[str, Any] | None) -> Any:
    if kept is None:
        return observation
    parts = _named(observation)
    return {name: _strip(parts[name], inner) for name, inner in kept.items()}
