"""The values of constructor arguments as a configuration holds them: numbers, texts, lists and dictionaries.

A tuple is a list there, a member of an enumeration its value, a class or a function its path. What has no such form, an
array as a default, is left out of the configuration, so that the constructor's own default holds.
"""

import enum
import inspect
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
import torch


class NoFormError(ValueError):
    """A value has no form in a configuration."""


def represent(value: Any) -> Any:
    """Return the form that a value has in a configuration.

    Raises:
        NoFormError: If it has none.
    """
    if isinstance(value, enum.Enum):
        return represent(value.value)
    if isinstance(value, np.generic):
        return represent(value.item())
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: represent(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [represent(part) for part in value]
    if isinstance(value, set | frozenset):
        return sorted(map(represent, value), key=repr)
    if isinstance(value, PurePath | torch.dtype | torch.device):
        return str(value)
    if inspect.isclass(value) or inspect.isroutine(value):
        return f"{getattr(value, '__module__', None) or 'builtins'}.{value.__qualname__}"
    raise NoFormError(f"a {type(value).__name__}; it must be a number, a text, a list or a dictionary")


def represent_all(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the forms of the values that have a form."""
    forms = {}
    for name, value in values.items():
        try:
            forms[name] = represent(value)
        except NoFormError:
            continue
    return forms


def is_form_of(form: Any, value: Any) -> bool:
    """Return whether a part of a configuration is the form of a value."""
    own = represent_all({"value": value}).get("value", inspect.Parameter.empty)
    return type(own) is type(form) and repr(own) == repr(form)
