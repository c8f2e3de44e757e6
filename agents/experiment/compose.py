"""Compose a configuration in Python: choices of the groups of configs/, and settings that replace their settings."""

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from .choices import require_choices
from .cli import to_plain

Choice = str | type | Callable[..., Any] | Mapping[str, Any]
"""A name as on the command line, a class or a function, or arguments of the default or of the class `_target_`."""


def compose_config(choices: Mapping[str, Choice | None], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration that train.py composes of the same choices and settings.

    Args:
        choices: By group; None is the default of configs/train.yaml.
        settings: By key, dotted or in nested dictionaries: `{"memory.hidden_size": 64, "agent": {"lr": 1e-3}}`.

    Raises:
        ValueError: If there is no such choice.
    """
    chosen: dict[str, str] = {}
    arguments: dict[str, Any] = {}
    for group, choice in choices.items():
        if isinstance(choice, Mapping):
            arguments[group] = {name: value for name, value in choice.items() if name != "_target_"}
            choice = choice.get("_target_")
        if choice is not None:
            chosen[group] = choice if isinstance(choice, str) else path_of(group, choice)
    with as_file(files("memorl.configs")) as folder:
        for group, name in chosen.items():
            require_choices(group, [name], [Path(folder)])
        with initialize_config_dir(str(Path(folder).resolve()), version_base=None):
            overrides = [f"{group}={name}" for group, name in chosen.items()]
            composed = compose("train", overrides, return_hydra_config=True)
            OmegaConf.set_struct(composed, False)
            for key, value in {**arguments, **settings}.items():
                OmegaConf.update(composed, key, _to_config(value), force_add=True)
            with _hydra_config(composed):
                keys = [str(key) for key in composed if key != "hydra"]
                return to_plain(OmegaConf.masked_copy(composed, keys))


def path_of(name: str, found: Any) -> str:
    """Return the path by which a class or function is found again.

    Raises:
        ValueError: If it has none.
    """
    module = inspect.getmodule(found)
    title = str(getattr(found, "__qualname__", ""))
    if module is None or getattr(module, title, None) is not found:
        raise ValueError(f"{name} is {found!r}; it must be at the top level of a module, where a checkpoint finds it")
    return f"{module.__name__}.{title}"


def _to_config(value: Any) -> Any:
    """Return the form of a value in a configuration."""
    if isinstance(value, Mapping):
        return {str(key): _to_config(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_to_config(part) for part in value]
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if inspect.isclass(value) or inspect.isfunction(value):
        return path_of("a setting", value)
    return str(value) if isinstance(value, Path) else value


@contextmanager
def _hydra_config(composed: DictConfig) -> Iterator[None]:
    """Let `${hydra:...}` be found in this configuration."""
    hydra = HydraConfig.instance()
    before = hydra.cfg
    hydra.cfg = None
    hydra.set_config(copy.deepcopy(composed))
    try:
        yield
    finally:
        hydra.cfg = before
