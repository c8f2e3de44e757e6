"""Build the objects of a configuration: environments, stream, encoder, memory, model and agent.

A configuration is a plain dictionary, as configs/train.yaml composes it: the parts `env`, `memory`, `encoder`, `model`
and `agent`, each a class (`_target_`) with arguments of its constructor, and the keys of `RunSettings`. What builds a
part writes the value of each of its arguments into the configuration, so that it means the same after a default has
changed.
"""

import importlib
import inspect
from typing import Any, TypeVar

import gymnasium
import torch
from gymnasium.vector import VectorEnv
from torch import nn

from memorl.agents import ActorCritic, Agent, Interface, Stream
from memorl.memory import Deep, Memory

from .limits import build_within_limits
from .names import find_object
from .schema import Constructor

T = TypeVar("T")


def build_stream(config: dict[str, Any], num_envs: int, device: torch.device, **env_arguments: Any) -> Stream:
    """Return a stream of new environments.

    Args:
        config: The configuration; the arguments that are not in it are written into it.
        num_envs: Number of environments.
        device: Device of the tensors.
        env_arguments: Arguments of the environment, in the place of those of the configuration.

    Raises:
        ValueError: If the configuration cannot be built; this holds for the other functions here, too.
    """
    part = {name: value for name, value in config["env"].items() if name not in env_arguments}
    config["env"] = _batched(part)
    env = _build("env", config, VectorEnv, num_envs=num_envs, **env_arguments)
    importlib.import_module("memorl.envs").prepare_batch(env)  # envs stands alone, so it is asked by its name
    return Stream(env, device, config["last_action"], config["last_reward"], config["scale_actions"])


def build_model(config: dict[str, Any], stream: Stream | Interface) -> ActorCritic:
    """Return a new model for the observations and actions of a stream, or of an interface, on its device."""
    parts = {name: config[name] for name in ("encoder", "memory", "model")}
    return build_within_limits(lambda: _build_model(config, stream), parts, stream.device).to(stream.device)


def _build_model(config: dict[str, Any], stream: Stream | Interface) -> ActorCritic:
    """Return a new model on the CPU."""
    encoder = _build("encoder", config, nn.Module, stream.observation_space)
    size = getattr(encoder, "output_size", None)
    if not isinstance(size, int) or size < 1:
        target = config["encoder"]["_target_"]
        raise ValueError(f"encoder.output_size of {target} is {size}; it must be the number of its features, from 1")
    memory = build_memory(config, size)
    parts = (encoder, memory, stream.actions)
    return _build("model", config, ActorCritic, *parts, observation_space=stream.env_space)


def build_memory(config: dict[str, Any], input_size: int) -> Memory:
    """Return a new memory; with `layers`, where its constructor does not take them, a `Deep` one of several blocks."""
    memory = Constructor.from_target("memory", config["memory"], Memory)  # type: ignore[type-abstract]
    deep = Constructor("memory", Deep, {})
    if "layers" in memory.values and "layers" not in memory.parameters:
        names = [name for name in memory.values if name in deep.parameters and name not in memory.parameters]
        deep.values = {name: memory.values.pop(name) for name in names}
    reserved = list(memory.parameters)[:1]
    memory.check(reserved)
    of_deep = deep.resolve(("input_size", "make")) if deep.values else {}
    config["memory"] = {"_target_": config["memory"]["_target_"], **of_deep, **memory.resolve(reserved)}
    if not deep.values:
        return memory.build(input_size)
    return deep.build(input_size, memory.build)


def build_agent(config: dict[str, Any], model: ActorCritic, sequences: int) -> Agent:
    """Return a new agent that trains a model on rollouts with this number of sequences.

    Schedules run over all steps unless `anneal_steps` says otherwise, and there are no more minibatches than sequences
    unless the configuration has a number.
    """
    known = Constructor.from_target("agent", config["agent"], Agent).defaults  # type: ignore[type-abstract]
    part = dict(config["agent"])
    if "anneal_steps" in known and part.get("anneal_steps") is None:
        part["anneal_steps"] = config["total_steps"]
    if "minibatches" in known and "minibatches" not in part:
        part["minibatches"] = min(known["minibatches"], sequences)
    config["agent"] = part
    return _build("agent", config, Agent, model)  # type: ignore[type-abstract]


def find_device(name: str) -> torch.device:
    """Return the device of a name; "auto" is a CUDA device where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    numbered = [f"cuda:{index}" for index in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    known = ["auto", "cpu", *(["cuda", *numbered] if numbered else [])]
    if name not in known:
        missing = "" if numbered else " (there is no CUDA device)"
        raise ValueError(f"device is {name!r}; it must be {', '.join(known[:-1])} or {known[-1]}{missing}")
    return torch.device(name)


def _batched(part: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of an environment; the class of one environment becomes a batch of them."""
    found = find_object("env._target_", str(part.get("_target_")))
    if inspect.isclass(found) and issubclass(found, gymnasium.Env):
        module, _, name = part["_target_"].rpartition(".")
        return {**part, "_target_": "memorl.envs.FromGymnasium", "id": f"{module}:{name}"}
    return part


def _build(part: str, config: dict[str, Any], kind: type[T], *positional: Any, **keywords: Any) -> T:
    """Return the object of one part of the configuration, a `kind`."""
    constructor = Constructor.from_target(part, config[part], kind)
    built = constructor.build(*positional, **keywords)
    reserved = [*list(constructor.parameters)[: len(positional)], *keywords]
    config[part] = {"_target_": config[part]["_target_"], **constructor.resolve(reserved)}
    return built
