"""Choices that have no file in configs/: a class named by its path, and an environment named by its Gymnasium id.

    memory=pkg.MyMemory     the class MyMemory of the module pkg; so do encoder=, agent=, model= and env=
    env=CartPole-v1         an id that is registered with Gymnasium, ours (memorl/...) among them
    env=pkg:MyEnv-v0        an id that the module pkg registers, or a class in it

Hydra knows them as it knows files: they can be swept over, and a run is filed under their name.
"""

import importlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from hydra.core.config_store import ConfigStore

from .names import describe_known, is_dotted_path
from .settings import PARTS


def require_choices(group: str, choices: Iterable[str], folders: Iterable[Path]) -> None:
    """Make every choice of a group known to Hydra.

    Args:
        group: A group of the configuration, such as "memory".
        choices: Its choices.
        folders: The folders of configuration files.

    Raises:
        ValueError: If there is no such choice; the nearest is named.
    """
    known = {file.stem for folder in folders for file in (folder / group).glob("*.yaml")}
    if group == "experiment":
        known.add("null")
    for choice in choices:
        if choice in known:
            continue
        if group in PARTS and is_dotted_path(choice):
            store_choice(group, choice, {"_target_": choice})
        elif group == "env":
            store_choice(group, choice, _env_config(choice))
        else:
            raise ValueError(f"{group} is {choice!r}; {describe_known(choice, known)}")


def choose_targets(arguments: Sequence[str], folders: Sequence[Path]) -> list[str]:
    """Return the command line with `memory=pkg.MyMemory` for `memory._target_=pkg.MyMemory`.

    So the class gets none of the arguments of another one's file, and the run is not filed under the other's name.

    Raises:
        ValueError: If the class of a group is set beside a choice of the group.
    """
    suffix = "._target_"
    pairs = [argument.partition("=")[::2] for argument in arguments]
    chosen = {name.lstrip("+"): value for name, value in pairs}
    result = list(arguments)
    for i, (name, value) in enumerate(pairs):
        group = name.lstrip("+").removesuffix(suffix)
        if name.endswith(suffix) and any((folder / group).is_dir() for folder in folders[:1]):
            if group in chosen:
                raise ValueError(
                    f"{group}{suffix} is {value} beside {group}={chosen[group]}; {group}={value} is enough"
                )
            result[i] = f"{group}={value}"
    return result


def store_choice(group: str, choice: str, config: dict[str, object]) -> None:
    """Add a choice to a group, in this process."""
    folder, _, name = choice.rpartition("/")
    ConfigStore.instance().store(group="/".join(filter(None, (group, folder))), name=name, node=config)


def _env_config(name: str) -> dict[str, object]:
    """Return the configuration of an environment; envs is imported by its name, as agents does not depend on it."""
    config: dict[str, object] = importlib.import_module("memorl.envs").find_config(name)
    return config
