"""The command line of the scripts, before and after Hydra."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from .choices import require_choices
from .origin import is_of_user_code
from .process import keep_freed_memory


def launch(main: Callable[[], None], groups: Path | None = None) -> None:
    """Run a script's main function with normalized overrides; see `normalize_override`.

    Modules of the current folder are found, as they are by `python -m`.
    """
    keep_freed_memory()
    sys.path.insert(0, os.getcwd())
    with exit_on_error(ValueError):
        folders = [groups, *config_folders(sys.argv[1:])] if groups else []
        sys.argv[1:] = [normalize_override(argument, folders) for argument in sys.argv[1:]]
    main()


def config_folders(arguments: Sequence[str]) -> list[Path]:
    """Return the folders of a user's own configuration files, which Hydra's `--config-dir` names."""
    names = ("--config-dir", "-cd")
    pairs = [*pairwise(arguments), *((name, path) for name, _, path in (a.partition("=") for a in arguments))]
    return [Path(path) for name, path in pairs if name in names and path]


def normalize_override(argument: str, folders: Sequence[Path] = ()) -> str:
    """Let `memory.window=64` set a constructor argument that no file mentions; the constructor checks the name.

    Args:
        argument: One argument of the command line.
        folders: Folders of configuration groups, whose choices are checked; ours is the first.

    Raises:
        ValueError: If a group has no such choice, or a key would be deleted.
    """
    name, equals, value = argument.partition("=")
    if name.startswith("~"):
        raise ValueError(f"{argument} would delete a key; every key is needed")
    if not equals or not name.split(".")[0].isidentifier() or name.startswith("hydra"):
        return argument
    if not any((folder / name).is_dir() for folder in folders[:1]):
        return f"++{argument}"
    require_choices(name, value.split(","), folders)
    return argument


def to_plain(config: DictConfig) -> dict[str, Any]:
    """Return a composed configuration as plain containers."""
    plain = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


@contextmanager
def exit_on_error(*kinds: type[Exception]) -> Iterator[None]:
    """End the script with one line on stderr instead of a traceback; in a sweep the next job still runs.

    An error that a user's code raised keeps its traceback.
    """
    try:
        yield
    except kinds as error:
        if is_of_user_code(error):
            raise
        print(f"error: {error}", file=sys.stderr)
        if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN:
            raise SystemExit(1) from error
