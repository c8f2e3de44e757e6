"""Check what an environment returns from `reset` and `step`, so that an error names the environment and the value."""

from decimal import Decimal
from numbers import Real
from typing import Any, final

import gymnasium
import numpy as np

from .infos import InvalidReturn, require_info


def require_spaces(env: Any) -> Any:
    """Return an environment; ValueError if it lacks a space or has another object in its place."""
    for name in ("observation_space", "action_space"):
        space = getattr(env, name, None)
        if not isinstance(space, gymnasium.Space):
            raise ValueError(f"{name} of {_name(env)} is {space!r}; it must be a space of gymnasium")
    return env


@final
class ValidReturns(gymnasium.Wrapper[Any, Any, Any, Any]):
    """A wrapper that makes rewards and flags single numbers, and refuses infos that are no dictionaries.

    An array or a tensor of one number is taken for the number.

    Raises:
        InvalidReturn: In `reset` and `step`, if something else is returned.
    """

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(require_spaces(env))

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        returned = self.env.reset(seed=seed, options=options)
        if not isinstance(returned, tuple | list) or len(returned) != 2:
            raise self._invalid("reset", returned, "an observation and infos")
        require_info(returned[1], f"infos of {_name(self.env)}")
        return returned[0], returned[1]

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Act."""
        returned = self.env.step(action)
        if not isinstance(returned, tuple | list) or len(returned) != 5:
            raise self._invalid("step", returned, "an observation, a reward, terminated, truncated and infos")
        observation, reward, terminated, truncated, infos = returned
        if type(reward) is not float:
            reward = self._number("reward", reward)
        if type(terminated) is not bool:
            terminated = bool(self._number("terminated", terminated))
        if type(truncated) is not bool:
            truncated = bool(self._number("truncated", truncated))
        require_info(infos, f"infos of {_name(self.env)}")
        return observation, reward, terminated, truncated, infos

    def _number(self, name: str, value: Any) -> Any:
        """Return the number that a value is, or holds."""
        try:
            number = value if isinstance(value, Real) else _with_item(value).item()
        except (ValueError, TypeError, RuntimeError):  # of many numbers, or of none
            number = None
        if not isinstance(number, Real | Decimal | np.bool_):
            found = " ".join(repr(value).split())[:200]
            raise InvalidReturn(f"{name} of {_name(self.env)} is {found}; it must be one number")
        return number

    def _invalid(self, method: str, returned: Any, wanted: str) -> InvalidReturn:
        found = f"{len(returned)} values" if isinstance(returned, tuple | list) else type(returned).__name__
        return InvalidReturn(f"{method} of {_name(self.env)} returned {found}; it must return {wanted}")


def _with_item(value: Any) -> Any:
    return value if hasattr(value, "item") else np.asarray(value)


def _name(env: Any) -> str:
    return str(env.unwrapped)
