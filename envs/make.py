"""Environments by name: the name of a file of configs/env, or a Gymnasium id."""

import importlib
import importlib.resources
import inspect
from typing import Any

from gymnasium.vector import VectorEnv

from memorl.envs.adapters.ids import find_spec
from memorl.envs.adapters.infos import keep_own_values
from memorl.envs.adapters.statistics import warn_of_statistics
from memorl.envs.engine.names import unknown_name


def make(name: str, num_envs: int = 1, **arguments: Any) -> VectorEnv[Any, Any, Any]:
    """Make a batch of environments with next-step autoreset.

    Args:
        name: `"mortar_mayhem"`: what `python train.py env=mortar_mayhem` trains on, its `levels` included; or
            `"memorl/MortarMayhem-v0"`, or any other id that Gymnasium knows, or `"my_package:MyEnv-v0"`.
        num_envs: The number of environments.
        arguments: Arguments of the constructor; for an id those of the environment.

    Raises:
        ValueError: The name is unknown, or the constructor does not take an argument, or its value.
    """
    config = find_config(name)
    return _call(config.pop("_target_"), num_envs, config | arguments)


def find_config(name: str) -> dict[str, Any]:
    """Return the class, `_target_`, and the arguments of the environment of a name; see `make`."""
    known = config_names()
    if name in known:
        from omegaconf import OmegaConf

        file = importlib.resources.files("memorl.configs") / "env" / f"{name}.yaml"
        config: Any = OmegaConf.to_container(OmegaConf.create(file.read_text()))
        return config
    spec = find_spec("env", name, known)
    entry = spec.vector_entry_point
    if name.startswith("memorl/") and isinstance(entry, str):
        return {"_target_": f"memorl.envs.{entry.partition(':')[2]}", **spec.kwargs}
    return {"_target_": "memorl.envs.FromGymnasium", "id": name}


def prepare_batch(env: VectorEnv[Any, Any, Any]) -> None:
    """Let a batch that is trained on keep each environment's own infos, and warn of statistics that are not saved."""
    keep_own_values(env)
    warn_of_statistics(env)


def config_names() -> list[str]:
    """Return the names of the files of configs/env."""
    folder = importlib.resources.files("memorl.configs") / "env"
    return sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))


def _call(target: str, num_envs: int, arguments: dict[str, Any]) -> VectorEnv[Any, Any, Any]:
    module, _, title = target.rpartition(".")
    cls = getattr(importlib.import_module(module), title)
    parameters = inspect.signature(cls).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        for key in arguments:
            if key not in parameters:
                raise unknown_name(f"an argument of {title}", key, parameters)
    return cls(num_envs=num_envs, **arguments)
