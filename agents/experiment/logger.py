"""The log of a run: TensorBoard, metrics.csv and a line on the console."""

import io
import os
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import IO, cast

from rich.console import Console
from rich.live import Live
from rich.text import Text
from torch.utils.tensorboard import SummaryWriter

from .metrics import Metrics

SECONDS_BETWEEN_LINES = 10  # least time between two lines of progress where the console is not a terminal


class StandardOutput(io.TextIOBase):
    """The standard output, which goes on without a reader when that one has left (`train.py | head -1`)."""

    def write(self, text: str) -> int:
        """Write a text."""
        try:
            return sys.stdout.write(text)
        except BrokenPipeError:
            return self._discard()

    def flush(self) -> None:
        """Hand over what was written."""
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            self._discard()

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return sys.stdout.isatty()

    def fileno(self) -> int:
        """Return the number of the file."""
        return sys.stdout.fileno()

    def _discard(self) -> int:
        """Send everything that follows to nowhere."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
        return 0


class Logger:
    """Writes the metrics of a run.

    Args:
        folder: The run folder.
        total_steps: Last step of the run, for the time left.
        step: First step: everything that an interrupted run wrote after it is dropped.
    """

    def __init__(self, folder: Path, total_steps: int, step: int = 0) -> None:
        self.board = SummaryWriter(str(folder), purge_step=step + 1 if step else None)
        self.metrics = Metrics(folder / "metrics.csv", step)
        self.console = Console(file=cast(IO[str], StandardOutput()), highlight=False)
        self.live = Live(console=self.console, auto_refresh=False) if self.console.is_terminal else None
        if self.live:
            self.live.start()
        self.total_steps = total_steps
        self.first_step = step
        self.start_time = time.perf_counter()
        self.line_time = float("-inf")
        self.newest: dict[str, float] = {}

    def write_scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Write to TensorBoard, at once."""
        for name, value in values.items():
            self.board.add_scalar(name, value, step)
        self.board.flush()

    def write_row(self, step: int, values: Mapping[str, float]) -> None:
        """Write a row of metrics.csv."""
        self.metrics.append({"step": step, **values})

    def show_progress(self, step: int, sps: float, values: Mapping[str, float]) -> None:
        """Show steps, the newest return and success, steps per second and the time left."""
        self.newest |= values
        now = time.perf_counter()
        seconds = (self.total_steps - step) * (now - self.start_time) / max(1, step - self.first_step)
        parts = [f"{step:,}/{self.total_steps:,} steps"]
        for label, name in (("return", "charts/episodic_return"), ("success", "episode/success")):
            if name in self.newest:
                parts.append(f"{label} {self.newest[name]:.3f}")
        parts += [f"{sps:,.0f} SPS", f"{timedelta(seconds=int(max(0, seconds)))} left"]
        text = "  ".join(parts)
        if self.live:
            self.live.update(Text(text, no_wrap=True, overflow="ellipsis"), refresh=True)
        elif now - self.line_time >= SECONDS_BETWEEN_LINES or step >= self.total_steps:
            self.line_time = now
            self.print(text)

    def print(self, text: str) -> None:
        """Print a line above the live one."""
        self.console.print(text, soft_wrap=True)

    def close(self) -> None:
        """Flush, and release the terminal."""
        if self.live:
            self.live.stop()
        self.board.close()
