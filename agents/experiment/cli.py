"""What both scripts do with their command line before and after Hydra."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode


def admit(argument: str, groups: Path | None = None) -> str:
    """Let `memory.window=64` set a constructor argument that no file mentions; the constructor says if it knows it.

    Args:
        argument: One override of the command line.
        groups: The folder of the configuration groups, whose choices are checked.

    Raises:
        ValueError: If a group has no such choice, or a key is to be taken away.
    """
    name, equals, value = argument.partition("=")
    if name.startswith("~"):
        raise ValueError(f"{argument} would take a key away; every key is needed")
    if not equals or not name.split(".")[0].isidentifier() or name.startswith("hydra"):
        return argument
    if groups is None or not (groups / name).is_dir():
        return f"++{argument}"
    known = sorted(file.stem for file in (groups / name).glob("*.yaml")) + ["null"] * (name == "experiment")
    if unknown := [choice for choice in value.split(",") if choice not in known]:
        raise ValueError(f"{name} is {unknown[0]!r}; known are {', '.join(known)}")
    return argument


@contextmanager
def one_line(*kinds: type[Exception]) -> Iterator[None]:
    """End with one line on stderr instead of a traceback; in a sweep the next job still runs."""
    try:
        yield
    except kinds as error:
        print(f"error: {error}", file=sys.stderr)
        if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN:
            raise SystemExit(1) from error


def launch(main: Callable[[], None], groups: Path | None = None) -> None:
    """Run a script's main function on the admitted command line."""
    with one_line(ValueError):
        sys.argv[1:] = [admit(argument, groups) for argument in sys.argv[1:]]
    main()
