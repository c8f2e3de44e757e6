"""Print everything that can be set: `--help` of the scripts."""

import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.envs.registration import load_env_creator
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import OmegaConf
from rich.console import Console
from rich.table import Table
from rich.text import Text

from memorl.memory import Deep

from .console import make_console
from .describe import Argument, describe_arguments, first_line
from .listing import WIDTH, find_choices, make_table
from .names import find_object
from .settings import PARTS

AT_RUN_TIME = {
    "env": ("num_envs", "render_mode"),
    "memory": ("input_size",),
    "encoder": ("space",),
    "model": ("encoder", "memory", "actions", "observation_space"),
    "agent": ("model",),
}
"""Arguments of the command line that no configuration has."""

HINTS = """
--list memories prints what each is; so do envs, encoders, models, agents, losses and experiments.
memory=pkg.MyMemory takes a class of your own, env=CartPole-v1 a Gymnasium id, env=pkg:MyEnv-v0 one of your own.
-m sweeps over choices and values with commas. --help with a choice, as memory=lru, shows its arguments."""


def print_help(usage: str, config: Path, folders: Sequence[Path], overrides: Sequence[str]) -> None:
    """Print how a script is used, its settings, and the arguments of the parts that were chosen.

    Args:
        usage: The docstring of the script.
        config: The file of its settings.
        folders: The folders of the configuration groups; none for a script without parts.
        overrides: The arguments of the command line that are no flags, after `normalize_override`.
    """
    parts = _compose(config.stem, folders, overrides) if folders else {}
    console = make_console(width=WIDTH)
    console.print(Text(usage.strip()))
    if folders:
        groups = sorted(path.name for path in folders[0].iterdir() if path.is_dir() and any(path.glob("*.yaml")))
        console.print("\nChoose one of each with group=name:\n")
        for group in groups:
            console.print(Text(f"{group}: {', '.join(sorted(find_choices(group, folders)))}"), soft_wrap=True)
        console.print(HINTS)
    console.print("\nSet any of these with key=value:\n")
    settings = re.search(r"^(?!defaults|hydra)\w+:.*?(?=^hydra:)", config.read_text(), re.MULTILINE | re.DOTALL)
    console.print(Text(settings[0].rstrip() if settings else ""), soft_wrap=True)
    for part, values in parts.items():
        _print_part(console, part, values)


def _print_part(console: Console, part: str, values: dict[str, Any]) -> None:
    """Print the arguments of the constructor of a part."""
    target = str(values.pop("_target_", None))
    cls = find_object(f"{part}._target_", target)
    arguments = describe_arguments(cls, values, AT_RUN_TIME[part])
    console.print(Text(f"\n{part}: {target}. {first_line(cls)}\n"), soft_wrap=True)
    console.print(_argument_table(part, arguments))
    if part == "memory" and not any(argument.name == "layers" for argument in arguments):
        console.print(Text("\nmemory.layers=N makes it deep, with these arguments besides:\n"))
        console.print(_argument_table(part, describe_arguments(Deep, values, ("input_size", "make"))))
    if part == "env" and (creator := _creator(str(values.get("id")))):
        console.print(Text(f"\nArguments of {values['id']} itself:\n"))
        console.print(_argument_table(part, describe_arguments(creator, values, AT_RUN_TIME[part])))
    section = re.search(r"^## Arguments\n(.*?)(?=^## |\Z)", inspect.getdoc(cls) or "", re.MULTILINE | re.DOTALL)
    if section:
        console.print(Text(f"\n{' '.join(section[1].split())}"))


def _creator(id: str) -> Any:
    """Return the class or function that makes the environment of a Gymnasium id; None if the id is not known."""
    spec = gymnasium.registry.get(id.rpartition(":")[2])
    entry = spec.entry_point if spec else None
    return load_env_creator(entry) if isinstance(entry, str) else entry


def _argument_table(part: str, arguments: Sequence[Argument]) -> Table:
    table = make_table()
    for name, value, kind, meaning in arguments:
        table.add_row(Text(f"{part}.{name}"), Text(value), Text(kind), *([Text(meaning)] if meaning else []))
    return table


def _compose(name: str, folders: Sequence[Path], overrides: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the parts of the configuration of a command line; of the values of a sweep, the first.

    Raises:
        ValueError: If Hydra cannot read it.
    """
    first = [re.sub(r"^(\w+=[^,{\[]*),.*", r"\1", override) for override in overrides]
    own = [f"hydra.searchpath=[{','.join(f'file://{folder.resolve()}' for folder in folders[1:])}]"]
    try:
        with initialize_config_dir(str(folders[0].resolve()), version_base=None):
            composed = compose(name, [*first, *own])
    except HydraException as error:
        raise ValueError(" ".join(str(error).partition("\n")[0].split())) from error
    parts: Any = OmegaConf.to_container(OmegaConf.masked_copy(composed, list(PARTS)), resolve=False)
    return {part: dict(parts[part]) for part in PARTS}
