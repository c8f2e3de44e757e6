"""The log of a run: TensorBoard, metrics.csv and a line on the console."""

import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.live import Live
from rich.text import Text
from torch.utils.tensorboard import SummaryWriter

from .board import write_config, write_end, write_hparams
from .console import make_console, print_facts, print_line
from .metrics import Metrics
from .report import COMMANDS

SECONDS_BETWEEN_LINES = 10  # least time between two lines of progress where the console is not a terminal

SHOWN = {"charts/episodic_return": "return", "episode/success": "success", "evaluation/return": "evaluation"}
"""The figures in the line of progress, and their names there."""


class Logger:
    """Writes the metrics of a run.

    Args:
        folder: The run folder.
        total_steps: Last step of the run, for the time left.
        step: First step: everything that an interrupted run wrote after it is dropped.
        quiet: Print nothing.
    """

    def __init__(self, folder: Path, total_steps: int, step: int = 0, quiet: bool = False) -> None:
        self.folder = folder
        self.board = SummaryWriter(str(folder), purge_step=step + 1 if step else None)
        self.metrics = Metrics(folder / "metrics.csv", step)
        self.console = make_console(quiet)
        is_live = self.console.is_terminal and not quiet
        self.live = Live(console=self.console, auto_refresh=False) if is_live else None
        if self.live:
            self.live.start()
        self.total_steps = total_steps
        self.first_step = step
        self.start_time = time.perf_counter()
        self.line_time = float("-inf")
        self.newest: dict[str, float] = {}

    def begin(self, config: Mapping[str, Any], facts: Mapping[str, str]) -> None:
        """Print the facts at the start of the run, and write its configuration for TensorBoard."""
        print_facts(self.console, facts, COMMANDS)
        write_config(self.board, config, facts, self.first_step)
        if not self.first_step:
            write_hparams(self.board, config, self.folder.as_posix())
        self.board.flush()

    def end(self, facts: Mapping[str, str], is_complete: bool) -> None:
        """Print the facts at the end of the run."""
        if self.live:
            self.live.stop()
        print_facts(self.console, facts, COMMANDS)
        if is_complete:
            write_end(self.board)

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
        parts += [f"{label} {self.newest[name]:.3f}" for name, label in SHOWN.items() if name in self.newest]
        parts += [f"{sps:,.0f} SPS", f"{timedelta(seconds=int(max(0, seconds)))} left"]
        text = "  ".join(parts)
        if self.live:
            self.live.update(Text(text), refresh=True)
        elif now - self.line_time >= SECONDS_BETWEEN_LINES or step >= self.total_steps:
            self.line_time = now
            self.print(text)

    def print(self, text: str) -> None:
        """Print a line above the live one."""
        print_line(self.console, text)

    def close(self) -> None:
        """Flush, and release the terminal."""
        if self.live:
            self.live.stop()
        self.board.close()
