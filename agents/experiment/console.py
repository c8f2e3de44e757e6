"""The console: standard output that continues without a reader, blocks of facts, and progress bars."""

import io
import os
import sys
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, cast

from rich.console import Console
from rich.progress import Progress
from rich.text import Text

MIN_WIDTH = 20  # characters of a text that stand in one line at least

UNWRITABLE = (OSError, ValueError)
"""The errors of a stream that cannot be written or is closed."""


class Nowhere(io.TextIOBase):
    """A stream that discards its texts."""

    def write(self, text: str) -> int:
        """Discard a text."""
        return len(text)


class StandardOutput(io.TextIOBase):
    """The standard output; a script goes on where nothing can be written to it any more.

    Its reader may have left (`train.py | head -1`), the terminal or the disk behind it may be gone or full, or it was
    closed before the script began.
    """

    def __init__(self) -> None:
        stream = getattr(sys.stdout, "rich_proxied_file", sys.stdout)  # rich puts itself in the place of it
        self.stream = stream or Nowhere()

    def write(self, text: str) -> int:
        """Write a text."""
        try:
            return self.stream.write(text)
        except UNWRITABLE:
            return self._discard()

    def flush(self) -> None:
        """Flush the output."""
        try:
            self.stream.flush()
        except UNWRITABLE:
            self._discard()

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        try:
            return self.stream.isatty()
        except UNWRITABLE:
            return False

    def fileno(self) -> int:
        """Return the number of the file."""
        return self.stream.fileno()

    def _discard(self) -> int:
        """Discard everything that is written from now on, and the text that Python writes at its end."""
        with suppress(*UNWRITABLE):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
        self.stream = Nowhere()
        return 0


def replace_closed_streams() -> None:
    """Put a stream that loses all texts in the place of one that was closed before the script began.

    The numbers of closed files are taken, too, or the next files that are opened would have them.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, Nowhere())


def print_error(text: str) -> None:
    """Print a line on the standard error, if there is one."""
    with suppress(*UNWRITABLE):
        print(text, file=sys.stderr or Nowhere(), flush=True)


def make_console(quiet: bool = False, width: int | None = None) -> Console:
    """Return a console on the standard output; a quiet one prints nothing; `width` counts where it is no terminal."""
    output = cast(IO[str], StandardOutput())
    width = None if output.isatty() else width
    return Console(file=output, highlight=False, markup=False, quiet=quiet, width=width)


def print_line(console: Console, text: str) -> None:
    """Print a line without breaking it, so that a path or command in it can be copied."""
    console.print(text, soft_wrap=True)


def print_facts(console: Console, facts: Mapping[str, str], whole: Collection[str] = ()) -> None:
    """Print a block of facts, a name and a text each.

    Args:
        console: The console.
        facts: The texts by name; one that is longer than a line goes on below itself.
        whole: Names of the texts that stay on one line, so that they can be copied.
    """
    width = max(map(len, facts)) + 2
    for name, text in facts.items():
        lines = [text] if name in whole else _wrap(text, max(MIN_WIDTH, console.width - width))
        indented = f"\n{' ' * width}".join(lines)
        console.print(Text.assemble((f"{name:{width}}", "bold"), indented), soft_wrap=True)


@contextmanager
def show_progress(name: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a progress bar on the standard error if it is a terminal.

    Args:
        name: What is counted.
        total: How many there are.

    Yields:
        The function that counts one more.
    """
    console = Console(stderr=True)
    if not console.is_terminal:  # rich 13 ends even a bar that is not shown with an empty line
        yield lambda: None
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(name, total=total)
        yield lambda: progress.advance(task)


def _wrap(text: str, width: int) -> list[str]:
    """Return lines of whole words."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
