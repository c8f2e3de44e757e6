"""The command line of the scripts, before and after Hydra."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf


def launch(main: Callable[[], None], groups: Path | None = None) -> None:
    """Run a script's main function with normalized overrides; see `normalize_override`."""
    with exit_on_error(ValueError):
        sys.argv[1:] = [normalize_override(argument, groups) for argument in sys.argv[1:]]
    main()


def normalize_override(argument: str, groups: Path | None = None) -> str:
    """Let `memory.window=64` set a constructor argument that no file mentions; the constructor checks the name.

    Args:
        argument: One argument of the command line.
        groups: Folder of the configuration groups, whose choices are checked.

    Raises:
        ValueError: If a group has no such choice, or a key would be deleted.
    """
    name, equals, value = argument.partition("=")
    if name.startswith("~"):
        raise ValueError(f"{argument} would delete a key; every key is needed")
    if not equals or not name.split(".")[0].isidentifier() or name.startswith("hydra"):
        return argument
    if groups is None or not (groups / name).is_dir():
        return f"++{argument}"
    known = sorted(file.stem for file in (groups / name).glob("*.yaml")) + ["null"] * (name == "experiment")
    if unknown := [choice for choice in value.split(",") if choice not in known]:
        raise ValueError(f"{name} is {unknown[0]!r}; known are {', '.join(known)}")
    return argument


def to_plain(config: DictConfig) -> dict[str, Any]:
    """Return a composed configuration as plain containers."""
    plain = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


@contextmanager
def exit_on_error(*kinds: type[Exception]) -> Iterator[None]:
    """End the script with one line on stderr instead of a traceback; in a sweep the next job still runs."""
    try:
        yield
    except kinds as error:
        print(f"error: {error}", file=sys.stderr)
        if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN:
            raise SystemExit(1) from error
