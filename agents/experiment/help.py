"""What can be set: `--help` and `--list` of the scripts."""

import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import IO, Any, cast

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from rich.console import Console
from rich.table import Table
from rich.text import Text

from memorl.memory import Deep

from .describe import Argument, describe_arguments, first_line, format_value
from .logger import StandardOutput
from .names import describe_known, find_object
from .settings import PARTS

LISTS = {
    "envs": "env",
    "memories": "memory",
    "encoders": "encoder",
    "models": "model",
    "agents": "agent",
    "losses": "agent",
    "experiments": "experiment",
}
"""What `--list` takes, and its group; a loss belongs to an agent."""

AT_RUN_TIME = {
    "env": ("num_envs", "render_mode"),
    "memory": ("input_size",),
    "encoder": ("space",),
    "model": ("encoder", "memory", "actions", "observation_space"),
    "agent": ("model",),
}
"""Arguments that no configuration has."""

HINTS = """
--list memories prints what each is; so do envs, encoders, models, agents, losses and experiments.
memory=pkg.MyMemory takes a class of your own, env=CartPole-v1 a Gymnasium id, env=pkg:MyEnv-v0 one of your own.
-m sweeps over choices and values with commas. --help with a choice, as memory=lru, shows its arguments."""

MAX_ARGUMENTS = 40
"""Characters of the arguments of a choice in a list."""

MIN_WIDTH = 120
"""Columns of the output where it is no terminal."""


def print_help(usage: str, config: Path, folders: Sequence[Path], overrides: Sequence[str]) -> None:
    """Print how a script is used, its settings, and the arguments of the parts that were chosen.

    Args:
        usage: The docstring of the script.
        config: The file of its settings.
        folders: The folders of the configuration groups; none for a script without parts.
        overrides: The arguments of the command line that are no flags, after `normalize_override`.
    """
    console = _console()
    console.print(Text(usage.strip()))
    if folders:
        groups = sorted(path.name for path in folders[0].iterdir() if path.is_dir() and any(path.glob("*.yaml")))
        console.print("\nChoose one of each with group=name:\n")
        for group in groups:
            console.print(Text(f"{group}: {', '.join(sorted(_choices(group, folders)))}"), soft_wrap=True)
        console.print(HINTS)
    console.print("\nSet any of these with key=value:\n")
    settings = re.search(r"^(?!defaults|hydra)\w+:.*?(?=^hydra:)", config.read_text(), re.MULTILINE | re.DOTALL)
    console.print(Text(settings[0].rstrip() if settings else ""), soft_wrap=True)
    if folders:
        for part, values in _compose(config.stem, folders, overrides).items():
            _print_part(console, part, values)


def print_list(kind: str, folders: Sequence[Path]) -> None:
    """Print a table of the choices of a group.

    Raises:
        ValueError: If there is no such group.
    """
    if kind not in LISTS:
        raise ValueError(f"--list is {kind!r}; {describe_known(kind, LISTS)}")
    group = LISTS[kind]
    table = _table()
    for name, file in sorted(_choices(group, folders).items()):
        if group == "experiment":
            comment = re.search(r"^# (?!@)(.*)$", file.read_text(), re.MULTILINE)
            table.add_row(Text(name), Text(comment[1] if comment else ""))
            continue
        part: Any = OmegaConf.to_container(OmegaConf.load(file))
        part = part.get(group, part)  # a file of the package _global_ has its group inside
        target = str(part.get("_target_"))
        more = [f"{key}={format_value(value)}" for key, value in part.items() if key != "_target_"]
        arguments = f"({shorten(', '.join(more), MAX_ARGUMENTS, placeholder=' ...')})" if more else ""
        line = first_line(find_object(f"{group}._target_", target))
        table.add_row(Text(name), Text(target.rpartition(".")[2] + arguments), Text(line))
    _console().print(table)


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
    section = re.search(r"^## Arguments\n(.*?)(?=^## |\Z)", inspect.getdoc(cls) or "", re.MULTILINE | re.DOTALL)
    if section:
        console.print(Text(f"\n{' '.join(section[1].split())}"))


def _argument_table(part: str, arguments: Sequence[Argument]) -> Table:
    table = _table()
    for name, value, kind, meaning in arguments:
        table.add_row(Text(f"{part}.{name}"), Text(value), Text(kind), *([Text(meaning)] if meaning else []))
    return table


def _table() -> Table:
    """Return a table without lines, whose names are never broken."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    return table


def _console() -> Console:
    console = Console(file=cast(IO[str], StandardOutput()), highlight=False, markup=False)
    return (
        console if console.is_terminal else Console(file=console.file, highlight=False, width=MIN_WIDTH, markup=False)
    )


def _choices(group: str, folders: Sequence[Path]) -> dict[str, Path]:
    """Return the files of a group by name; the user's own come first."""
    return {file.stem: file for folder in folders for file in (folder / group).glob("*.y*ml")}


def _compose(name: str, folders: Sequence[Path], overrides: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the parts of the configuration of a command line; of the values of a sweep, the first."""
    first = [re.sub(r"^(\w+=[^,{\[]*),.*", r"\1", override) for override in overrides]
    own = [f"hydra.searchpath=[{','.join(f'file://{folder.resolve()}' for folder in folders[1:])}]"]
    with initialize_config_dir(str(folders[0].resolve()), version_base=None):
        composed = compose(name, [*first, *own])
    plain: Any = OmegaConf.to_container(OmegaConf.masked_copy(composed, list(PARTS)), resolve=False)
    return {part: dict(plain[part]) for part in PARTS}
