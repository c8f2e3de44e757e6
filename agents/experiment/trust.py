"""Checks that a configuration, which a stranger may have written, imports only this library's own classes.

A text of a part can be the path of a class (`package.MyMemory`), or an id whose module is imported (`package:Env-v0`);
what a constructor does with it cannot be known. So no text may look like one, unless it names a class of ours.
"""

import importlib
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .names import is_dotted_path
from .settings import PARTS

PACKAGES = ("memorl.agents.", "memorl.envs.", "memorl.memory.")
"""The modules that our classes are imported from."""


def find_foreign(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of every value of a configuration that could import another package."""
    for part in PARTS:
        for place, text in _texts(part, config[part]):
            if place.endswith("._target_") or is_dotted_path(text):
                if not _is_own_class(text):
                    yield place, text
            elif ":" in text:
                yield place, text


def require_own(path: Path, config: Mapping[str, Any]) -> None:
    """Raise ValueError if the configuration of a checkpoint names classes of another package."""
    for place, text in find_foreign(config):
        raise ValueError(f"{path} names {place} {text}, which is not a class of memorl; trust=true imports it")


def trust_argument(config: Mapping[str, Any]) -> str:
    """Return the argument that a command needs to read a checkpoint of this configuration: " trust=true" or nothing."""
    return " trust=true" if any(find_foreign(config)) else ""


def _texts(place: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of every text in plain containers."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _texts(f"{place}.{key}", part)
    elif isinstance(value, list | tuple):
        for i, part in enumerate(value):
            yield from _texts(f"{place}[{i}]", part)
    elif isinstance(value, str):
        yield place, value
    elif place.endswith("._target_"):
        yield place, str(value)


def _is_own_class(path: str) -> bool:
    """Return whether a path names a class that one of our modules defines; no other module is imported."""
    module_name, _, name = path.rpartition(".")
    if not f"{module_name}.".startswith(PACKAGES):
        return False
    try:
        found = getattr(importlib.import_module(module_name), name, None)
    except ImportError:  # "memorl.agents.torch" is no module, though `agents` has that name
        return False
    return inspect.isclass(found) and f"{found.__module__}.".startswith(PACKAGES)
