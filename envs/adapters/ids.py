"""Find environments by their ids, and classes by their paths, also in the user's own modules."""

import importlib
import inspect
import pkgutil
from collections.abc import Collection
from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec

from memorl.envs.engine.names import nearest_names, unknown_name

REGISTRARS = {"MiniGrid-": "minigrid", "BabyAI-": "minigrid", "ALE/": "ale_py", "popgym-": "popgym"}
"""The package that registers the ids with a prefix when it is imported."""


def find_class(where: str, path: str) -> Any:
    """Return the class or function of a path; an error inside its module is raised as it is.

    Raises:
        ValueError: There is no such module or name.
    """
    module, _, name = path.rpartition(".")
    if not module:
        raise ValueError(f"{where} is {path!r}; it must be the path of a class, such as package.MyWrapper")
    found = import_module(where, module, path)
    if not hasattr(found, name):
        raise unknown_name(f"{where} is {path!r}; a name in {module}", name, [n for n in dir(found) if n[0] != "_"])
    return getattr(found, name)


def import_module(where: str, name: str, value: str) -> Any:
    """Return a module; an error inside it is raised as it is.

    Args:
        where: Name of the setting that names the module, for messages.
        name: The module.
        value: The value of the setting.

    Raises:
        ValueError: There is no such module; the nearest is named.
    """
    if "" in name.split("."):
        raise ValueError(f"{where} is {value!r}; {name!r} in it must be the name of a module, such as package.module")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not error.name or not f"{name}.".startswith(f"{error.name}."):
            raise
        near = nearest_names(error.name, (module.name for module in pkgutil.iter_modules()), 0.7)
        hint = f"; the nearest is {near[0]!r}" if near else ""
        raise ValueError(f"{where} is {value!r}: there is no module {error.name!r}{hint}") from None


def find_spec(where: str, id: str, others: Collection[str] = ()) -> EnvSpec:
    """Return Gymnasium's spec of an id; a module before a colon, as in `module:id`, is imported and may hold a class.

    Args:
        where: Name of the setting that has the id, for messages.
        id: The id, as `CartPole-v1`, `my_package:MyEnv-v0` or `my_package:MyEnv`.
        others: Names that could have been meant, besides.

    Raises:
        ValueError: There is no such id or module; the nearest are named. An error inside a module is raised as it is.
    """
    module, colon, name = id.rpartition(":")
    if colon and not module:
        raise ValueError(f"{where} is {id!r}; before the colon it must have a module, as in my_package:MyEnv-v0")
    found = import_module(where, module, id) if module else None
    for beginning, package in REGISTRARS.items():
        if name.startswith(beginning):
            try:
                importlib.import_module(package)
            except ImportError as error:
                raise ValueError(f"{where} is {id!r}, which {package} has ({error}): pip install {package}") from error
    if name in gymnasium.registry:
        return gymnasium.registry[name]
    cls: Any = getattr(found, name, None)
    if inspect.isclass(cls) and issubclass(cls, gymnasium.Env):
        creator: Any = cls
        return EnvSpec(name, entry_point=creator)
    versions = [known for known in gymnasium.registry if known.rpartition("-v")[0] == name]
    if versions:
        raise ValueError(f"{where} is {name!r}; it must name a version: {' or '.join(sorted(versions))}")
    if cls is not None:
        raise ValueError(f"{where} is {id!r}; {name} in it must be a gymnasium.Env or the id of one")
    if found:
        values = vars(found).items()
        classes = {known for known, value in values if inspect.isclass(value) and issubclass(value, gymnasium.Env)}
        ids = {known for known, spec in gymnasium.registry.items() if _package_of(spec) == module.partition(".")[0]}
        raise unknown_name(f"{where} is {id!r}; a name in {module}", name, ids | classes)
    raise unknown_name(where, name, {*others, *gymnasium.registry}, others)


def _package_of(spec: EnvSpec) -> str:
    """Return the package of the class that an id stands for; an empty text if it is not known."""
    entry = spec.entry_point
    module = entry if isinstance(entry, str) else str(getattr(entry, "__module__", ""))
    return module.partition(":")[0].partition(".")[0]
