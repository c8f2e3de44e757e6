"""A line on the console before the first compilation, which would look like a run that hangs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event
from rich.console import Console

from .console import make_console, print_line

COMPILING = "compiling the environment and the memory: up to a minute, once"


class FirstCompilation(event.Listener):
    """Prints once, when Numba begins to compile code that is not in its disk cache, that this takes some time."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.was_said = False

    def on_start(self, event: Any) -> None:
        """Print the line."""
        if not self.was_said:
            print_line(self.console, COMPILING)
        self.was_said = True

    def on_end(self, event: Any) -> None:
        """Do nothing."""


@contextmanager
def announce_compilation(quiet: bool = False) -> Iterator[None]:
    """Print a line inside, before the first compilation."""
    with event.install_listener("numba:compile", FirstCompilation(make_console(quiet))):
        yield
