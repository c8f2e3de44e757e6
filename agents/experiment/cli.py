"""The command line of the scripts, before and after Hydra."""

import inspect
import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from .choices import choose_targets, require_choices
from .command_names import CONFIGS, PACKAGE, name_in_usage
from .errors import exit_on_error, run_script
from .help import print_help
from .listing import print_list
from .process import keep_freed_memory
from .settings import PARTS

FORMAT_WARNING = warnings.formatwarning
"""Python's own function that formats a warning."""

PATHS = ("run_dir", "resume", "checkpoint", "init_from", "video", "run", "file")
"""Keys whose values are paths."""

NO_EXPERIMENT = "experiment=null"
"""The default choice of an experiment, which Hydra does not accept as an argument."""


def launch(main: Callable[[], None], has_parts: bool = False) -> None:
    """Run the function of a command, with normalized overrides; see `normalize_override`.

    Modules of the current folder are found, as they are by `python -m`.

    Args:
        main: The function of `hydra.main`, in a module whose docstring says how the command is used.
        has_parts: Whether the command line chooses the parts of a run, such as its memory.
    """
    keep_freed_memory()
    warnings.formatwarning = _format_warning
    sys.path.insert(0, os.getcwd())
    with exit_on_error(ValueError):
        folders = [Path(CONFIGS), *config_folders(sys.argv[1:])] if has_parts else []
        is_sweep = any(argument in ("-m", "--multirun") for argument in sys.argv[1:])
        arguments = [argument for argument in sys.argv[1:] if argument != NO_EXPERIMENT]
        if not has_parts:
            refuse_choices(arguments)
        chosen = choose_targets(arguments, folders)
        normalized = [normalize_override(argument, folders, is_sweep) for argument in chosen]
        sys.argv[1:] = sorted(normalized, key=_is_override)  # argparse takes overrides after all flags
        if _print_what_can_be_set(inspect.unwrap(main).__globals__, folders):
            return
    run_script(main)


def refuse_choices(arguments: Sequence[str]) -> None:
    """Raise ValueError for an argument that chooses a part, where the parts are those of a run."""
    for argument in arguments:
        name, equals, value = argument.partition("=")
        group = name.lstrip("+")
        if equals and group in (*PARTS, "experiment"):
            ways = "; env.<argument>= changes its arguments" if group == "env" else ""
            raise ValueError(f"{group} is {value}; it must be left out: a checkpoint is evaluated with its own{ways}")


def _format_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """Return one line for a warning of this library, and Python's own text for other warnings."""
    if Path(filename).is_relative_to(PACKAGE):
        return f"warning: {message}\n"
    return FORMAT_WARNING(message, category, filename, lineno, line)


def _is_override(argument: str) -> bool:
    """Return whether an argument of the command line sets a key."""
    return "=" in argument and not argument.startswith("-")


def _print_what_can_be_set(module: dict[str, Any], folders: Sequence[Path]) -> bool:
    """Print the output of `--help` or `--list`, and return whether the command line has one of them.

    Args:
        module: The globals of the module of a command.
        folders: Folders of the configuration groups.
    """
    arguments = sys.argv[1:]
    if {"--help", "-h"} & set(arguments):
        name = Path(module["__file__"]).stem
        usage = name_in_usage(name, module["__doc__"])
        print_help(usage, Path(CONFIGS) / f"{name}.yaml", folders, list(filter(_is_override, arguments)))
        return True
    if lists := flag_values([*arguments, " "], "--list"):
        print_list(lists[0].strip(), folders)
        return True
    return False


def config_folders(arguments: Sequence[str]) -> list[Path]:
    """Return the folders of a user's own configuration files, which Hydra's `--config-dir` names."""
    return [Path(path) for path in flag_values(arguments, "--config-dir", "-cd")]


def flag_values(arguments: Sequence[str], *names: str) -> list[str]:
    """Return the values of a flag, given as `--flag value` or `--flag=value`."""
    joined = [argument.partition("=")[::2] for argument in arguments]
    return [value for name, value in (*pairwise(arguments), *joined) if name in names and value]


def normalize_override(argument: str, folders: Sequence[Path] = (), is_sweep: bool = False) -> str:
    """Return an override with which Hydra also sets arguments that no file mentions; the constructor checks the name.

    The path of a run may have characters that Hydra would read as its own.

    Args:
        argument: One argument of the command line.
        folders: Folders of configuration groups, whose choices are checked; ours is the first.
        is_sweep: Whether a comma stands between the values of a sweep.

    Raises:
        ValueError: If a group has no such choice, or a key would be deleted.
    """
    name, equals, value = argument.partition("=")
    if name.startswith("~"):
        raise ValueError(f"{argument} would delete a key; every key is needed")
    if not equals or not name.split(".")[0].isidentifier() or name.startswith("hydra"):
        return argument
    if name in PATHS and value not in ("", "null", "true", "false"):
        paths = value.split(",") if is_sweep and value[:1] not in ("'", '"') else [value]
        return f"++{name}={','.join(map(quote_path, paths))}"
    if not any((folder / name).is_dir() for folder in folders[:1]):
        return f"++{argument}"
    require_choices(name, value.split(","), folders)
    return argument


def quote_path(path: str) -> str:
    """Return a path as Hydra reads it, whatever characters it has; `~` is the home folder, as in a shell."""
    if path[:1] in ("'", '"') and path[:1] == path[-1:] and len(path) > 1:
        return path
    raw_path = re.sub(r"\\([=,\s])", r"\1", os.path.expanduser(path))
    escaped = re.sub(r"(\\*)(?='|$)", lambda found: 2 * found[1], raw_path).replace("'", "\\'")
    return f"'{escaped}'"


def changed_settings() -> dict[str, str]:
    """Return the keys and groups that the command line sets in this job, with their values."""
    overrides: Any = OmegaConf.to_container(HydraConfig.get().overrides.task, resolve=False)
    parts = [override.lstrip("+").partition("=") for override in overrides]
    return {name: value for name, _, value in parts}


def to_plain(config: DictConfig) -> dict[str, Any]:
    """Return a composed configuration as plain containers."""
    containers = OmegaConf.to_container(config, resolve=True)
    assert isinstance(containers, dict)
    return {str(key): value for key, value in containers.items()}
