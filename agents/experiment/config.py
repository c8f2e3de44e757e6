"""From a composed configuration to objects: the constructor's signature is the schema."""

import inspect
import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import torch
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from hydra.utils import get_object

from memorl.agents import Actions, ActorCritic, Agent, Encoder
from memorl.memory import Deep, Memory

T = TypeVar("T")
_NAMED = inspect.Parameter.POSITIONAL_OR_KEYWORD


def build(where: str, config: Mapping[str, Any], kind: type[T], *args: Any, **given: Any) -> T:
    """Call the class that `config["_target_"]` names with the rest of `config` as its arguments.

    Args:
        where: What the configuration is called, for messages.
        config: `_target_` and constructor arguments.
        kind: What the class must be; nothing else is ever called.
        args: Positional arguments known only at run time.
        given: Keyword arguments known only at run time.

    Raises:
        ValueError: If the class is of another kind, or a key or a value is none that its constructor takes.
    """
    cls: Any = named(where, config, kind)
    arguments = {key: value for key, value in config.items() if key != "_target_"}
    return cls(
        *args, **checked(where, arguments, cls.__init__, [*inspect.signature(cls).parameters][: len(args)], given)
    )


def named(where: str, config: Mapping[str, Any], kind: type[T]) -> type[T]:
    """The class that `config["_target_"]` names; ValueError if it is not of this kind."""
    target = str(config.get("_target_"))
    try:
        cls = get_object(target)
    except Exception as error:
        raise ValueError(f"{where}._target_ is {target}, which cannot be imported: {error}") from error
    if not (inspect.isclass(cls) and issubclass(cls, kind)):
        raise ValueError(f"{where}._target_ is {target}; it must be a {kind.__name__}")
    return cls


def checked(
    where: str,
    values: Mapping[str, Any],
    function: Any,
    taken: Sequence[str] = (),
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """`values` with those of `given`, after a check of each key and type against the function's signature."""
    parameters = inspect.signature(function).parameters
    hints = get_type_hints(function)
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    result = dict(given or {})
    known = [name for name in parameters if name not in ("self", *taken, *result)]
    for key, value in values.items():
        name = f"{where}.{key}" if where else key
        if key not in known and not open_ended:
            raise ValueError(f"{name} is unknown; known are {', '.join(sorted(known))}")
        result[key] = fit(name, value, hints.get(key, Any))
    needed = [name for name in known if parameters[name].default is inspect.Parameter.empty]
    if missing := [name for name in needed if name not in result and parameters[name].kind is _NAMED]:
        raise ValueError(f"{where}.{missing[0]} is missing" if where else f"{missing[0]} is missing")
    return result


def fit(where: str, value: Any, hint: Any) -> Any:
    """The value as the hint wants it (an int may stand for a float, and 1e6 for an int); ValueError if it cannot be."""
    if hint is float and type(value) is int:
        return float(value)
    if hint is int and type(value) is float and value.is_integer():
        return int(value)
    if get_origin(hint) in (Union, types.UnionType):
        for option in get_args(hint):
            try:
                return fit(where, value, option)
            except ValueError:
                continue
    elif _is(value, hint):
        return value
    raise ValueError(f"{where} is {value!r}; it must be {_say(hint)}")


def _is(value: Any, hint: Any) -> bool:
    if hint is Any or (get_origin(hint) is None and not inspect.isclass(hint)):
        return hint is Any
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if hint in (int, float):
        return type(value) is hint
    if hint is type(None):
        return value is None
    return isinstance(value, get_origin(hint) or hint)


def _say(hint: Any) -> str:
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join(map(_say, get_args(hint)))
    if get_origin(hint) is Literal:
        return " or ".join(map(repr, get_args(hint)))
    return "null" if hint is type(None) else getattr(hint, "__name__", str(hint))


def build_env(config: Mapping[str, Any], num_envs: int, **given: Any) -> VectorEnv:
    """The environments of `config.env`."""
    return build("env", config["env"], VectorEnv, num_envs=num_envs, **given)


def build_model(config: Mapping[str, Any], space: spaces.Space, actions: Actions) -> ActorCritic:
    """The model of `config.encoder`, `config.memory` and `config.model` for an observation space and actions."""
    encoder = build("encoder", config["encoder"], Encoder, space)
    memory = build_memory(config["memory"], encoder.output_size)
    return build("model", config["model"], ActorCritic, encoder, memory, actions)


def build_memory(config: Mapping[str, Any], input_size: int) -> Memory:
    """The memory of `config.memory`; with `layers`, which it need not know, several blocks of it: a `Deep` one."""

    def make(size: int) -> Memory:
        return build("memory", own, Memory, size)  # type: ignore[type-abstract]

    own = dict(config)
    known = inspect.signature(named("memory", config, Memory)).parameters
    if "layers" not in config or "layers" in known:
        return make(input_size)
    around = {name: own.pop(name) for name in inspect.signature(Deep).parameters if name in own and name not in known}
    return Deep(input_size, make, **checked("memory", around, Deep.__init__, ("input_size", "make")))


def build_agent(config: Mapping[str, Any], model: ActorCritic) -> Agent:
    """The agent of `config.agent`."""
    return build("agent", config["agent"], Agent, model)  # type: ignore[type-abstract]


def device_of(name: str) -> torch.device:
    """The device of that name; "auto" takes a CUDA device where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda") or (name == "cuda" and not torch.cuda.is_available()):
        allowed = "auto, cpu or cuda" if torch.cuda.is_available() else "auto or cpu (there is no CUDA device)"
        raise ValueError(f"device is {name!r}; it must be {allowed}")
    return torch.device(name)
