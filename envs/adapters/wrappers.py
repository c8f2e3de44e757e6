"""Wrappers of one environment, by name: `TimeLimit`, which is Gymnasium's, or `my_package.MyWrapper`."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import gymnasium
import gymnasium.wrappers

from memorl.envs.engine.names import unknown_name

from .errors import describe_error
from .ids import find_class

Wrapper: TypeAlias = str | dict[str, Any] | Callable[..., Any]
"""A wrapper: the path of a class, `{"_target_": path, argument: value, ...}`, or a class."""


def find_wrappers(wrappers: Sequence[Wrapper] | Wrapper) -> list[Callable[..., Any]]:
    """Return functions that wrap an environment; a single wrapper counts as a list of one.

    Raises:
        ValueError: There is no such class, it does not wrap one environment, or does not take the arguments.
    """
    listed = wrappers if isinstance(wrappers, Sequence) and not isinstance(wrappers, str) else [wrappers]
    return [_find_wrapper(f"env.wrappers[{i}]", wrapper) for i, wrapper in enumerate(listed)]


def _find_wrapper(where: str, wrapper: Wrapper) -> Callable[..., Any]:
    arguments = dict(wrapper) if isinstance(wrapper, Mapping) else {}
    path = arguments.pop("_target_", None) if isinstance(wrapper, Mapping) else wrapper
    if isinstance(path, str) and path in dir(gymnasium.wrappers):
        path = f"gymnasium.wrappers.{path}"
    found = find_class(where, path) if isinstance(path, str) else path
    if not callable(found) or (inspect.isclass(found) and not issubclass(found, gymnasium.Wrapper)):
        raise ValueError(f"{where} is {path}; it must be a gymnasium.Wrapper, or a function that returns one")
    signature = inspect.signature(found)
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
        for name in arguments:
            if name not in signature.parameters:
                raise unknown_name(f"an argument of {where}", name, list(signature.parameters)[1:])
    try:
        signature.bind(None, **arguments)
    except TypeError as error:
        raise ValueError(f"{where} is {path}: {error}") from None
    return functools.partial(_wrap, f"{where} is {path}", found, arguments)


def _wrap(what: str, found: Callable[..., Any], arguments: Mapping[str, Any], env: Any) -> gymnasium.Env[Any, Any]:
    """Return an environment in a wrapper; an error of the wrapper names the wrapper."""
    try:
        wrapped = found(env, **arguments)
    except Exception as error:
        text = describe_error(error)
        mode = f" (env.render_mode is {env.render_mode or 'null'})" if "render" in text.lower() else ""
        raise ValueError(f"{what}: {text}{mode}") from error
    if not isinstance(wrapped, gymnasium.Env):
        raise ValueError(f"{what}; it must return an environment, not {type(wrapped).__name__}")
    return wrapped
