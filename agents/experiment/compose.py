"""Compose a configuration in Python: choices of the groups of configs/, and settings that replace their settings."""

import copy
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from .choices import require_choices
from .cli import to_plain
from .schema import MAX_SHOWN

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
                _set(composed, key, plain_value(key, value))
            with _hydra_config(composed):
                keys = [str(key) for key in composed if key != "hydra"]
                try:
                    return to_plain(OmegaConf.masked_copy(composed, keys))
                except OmegaConfBaseException as error:
                    reason = str(error).partition("\n")[0]
                    raise ValueError(f"{error.full_key} has a value that cannot be resolved: {reason}") from error


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


def plain_value(name: str, value: Any) -> Any:
    """Return the value of a setting as a configuration holds it.

    Raises:
        ValueError: If a configuration has no such values.
    """
    if isinstance(value, Mapping):
        return {str(key): plain_value(f"{name}.{key}", part) for key, part in value.items()}
    if isinstance(value, np.generic | np.ndarray):
        return plain_value(name, value.tolist())
    if isinstance(value, list | tuple):
        return [plain_value(f"{name}[{i}]", part) for i, part in enumerate(value)]
    if inspect.isclass(value) or inspect.isfunction(value):
        return path_of(name, value)
    if isinstance(value, os.PathLike):  # a path, or a run
        return os.fsdecode(value)
    if isinstance(value, torch.device):
        return str(value)
    if value is not None and not isinstance(value, bool | int | float | str | Enum):
        text = " ".join(repr(value).split())[:MAX_SHOWN]
        raise ValueError(f"{name} is {text}; it must be a number, a text, or a list or dictionary of these")
    return value


def _set(composed: DictConfig, key: str, value: Any) -> None:
    """Set a key of a configuration."""
    try:
        OmegaConf.update(composed, key, value, force_add=True)
    except (OmegaConfBaseException, AssertionError, AttributeError, TypeError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ValueError(f"{key} cannot be set to {value!r}: {reason}") from error


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
