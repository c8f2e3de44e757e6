"""Describe names that are not known, and find classes by their dotted path, such as `pkg.MyMemory`."""

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType
from typing import Any


def describe_known(name: str, known: Iterable[str]) -> str:
    """Return a clause about a name that is not known: the nearest known one, and all of them."""
    names = sorted(known)
    nearest = describe_nearest(name, names)
    return f"{nearest}{'; ' if nearest else ''}known are {', '.join(names) or 'none'}"


def describe_nearest(name: str, known: Iterable[str]) -> str:
    """Return a clause that names the nearest known name, or nothing where none is near."""
    names = list(known)
    lowered = {other.lower(): other for other in names}
    near = difflib.get_close_matches(name, names, 1, 0.6)
    near = near or [lowered[other] for other in difflib.get_close_matches(name.lower(), lowered, 1, 0.6)]
    return f"the nearest is {near[0]}" if near else ""


def is_dotted_path(text: str) -> bool:
    """Return whether a text could be the path of a class in a module."""
    return "." in text and all(part.isidentifier() for part in text.split("."))


def find_object(where: str, path: str) -> Any:
    """Return the object that a dotted path names; its modules are imported.

    Args:
        where: Name of the setting that has the path, for messages.
        path: Modules and a name in the last of them, as `pkg.module.MyClass`.

    Raises:
        ValueError: If there is no such module or name. An error inside a module is raised as it is.
    """
    if not is_dotted_path(path):
        raise ValueError(f"{where} is {path}; it must be the path of a class, such as package.MyClass")
    parts = path.split(".")
    found: Any = _import_module(parts[0])
    if found is None:
        nearest = describe_nearest(parts[0], ["memorl", *(module.name for module in pkgutil.iter_modules())])
        missing = f"there is no module {parts[0]} in the current folder or among the installed ones"
        raise ValueError("; ".join(filter(None, (f"{where} is {path}", missing, nearest))))
    for end, name in enumerate(parts[1:], 2):
        inner = getattr(found, name, None)
        if inner is None and isinstance(found, ModuleType) and hasattr(found, "__path__"):
            inner = _import_module(".".join(parts[:end]))
        if inner is None:
            nearest = describe_nearest(name, _public_names(found))
            absent = f"{'.'.join(parts[: end - 1])} has no {name}"
            raise ValueError("; ".join(filter(None, (f"{where} is {path}", absent, nearest))))
        found = inner
    return found


def _import_module(name: str) -> ModuleType | None:
    """Return a module, or None if no module has that name; an error raised inside the module is not caught."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            return None
        raise


def _public_names(found: Any) -> list[str]:
    """Return the names in a module or a class, and the modules of a package."""
    inner = [module.name for module in pkgutil.iter_modules(getattr(found, "__path__", []))]
    return [name for name in (*dir(found), *inner) if not name.startswith("_")]
