"""The choices of every group: `--list` of the scripts, and the tables of its output."""

import re
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

from omegaconf import OmegaConf
from rich.table import Table
from rich.text import Text

from .console import make_console
from .describe import first_line, format_value
from .names import describe_known, find_object

LISTS = {
    "envs": "env",
    "memories": "memory",
    "encoders": "encoder",
    "models": "model",
    "agents": "agent",
    "losses": "agent",
    "experiments": "experiment",
}
"""The words that `--list` accepts, each with its group; a loss is set as part of an agent."""

MAX_ARGUMENTS = 40
"""Characters of the arguments of a choice in a list."""

WIDTH = 120
"""Columns of the output where it is no terminal."""


def make_table() -> Table:
    """Return a table without lines that never breaks a name."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    return table


def find_choices(group: str, folders: Sequence[Path]) -> dict[str, Path]:
    """Return the files of a group by name; the user's own come first."""
    return {file.stem: file for folder in folders for file in (folder / group).glob("*.yaml")}


def print_list(kind: str, folders: Sequence[Path]) -> None:
    """Print a table of the choices of a group.

    Raises:
        ValueError: If there is no such group.
    """
    if kind not in LISTS:
        raise ValueError(f"--list is {kind!r}; {describe_known(kind, LISTS)}")
    group = LISTS[kind]
    table = make_table()
    for name, file in sorted(find_choices(group, folders).items()):
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
    make_console(width=WIDTH).print(table)
