"""What a run tells: TensorBoard, metrics.csv and a line on the console."""

import csv
import time
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text
from torch.utils.tensorboard import SummaryWriter


class Metrics:
    """metrics.csv: one row an update; a column appears with the first row that has it.

    Holds nothing that depends on the clock, so that a run resumed equals the run that was never interrupted.

    Args:
        path: The file.
        until: Keep only the rows up to this step of what is there (the run goes on from a checkpoint).
    """

    def __init__(self, path: Path, until: int = 0) -> None:
        self.path = path
        self.columns: list[str] = []
        rows: list[dict[str, str]] = []
        if path.exists():
            whole = path.read_text().rpartition("\n")[0]  # a run killed while writing leaves half a line
            rows = [row for row in csv.DictReader(whole.splitlines()) if int(row["step"]) <= until]
        for row in rows:
            self.columns += [name for name, value in row.items() if value and name not in self.columns]
        self._rewrite(rows)

    def append(self, row: Mapping[str, float]) -> None:
        """Add a row; it is on disk when this returns."""
        new = [name for name in row if name not in self.columns]
        if new:
            with self.path.open(newline="") as file:
                rows = list(csv.DictReader(file))
            self.columns += new
            self._rewrite(rows)
        with self.path.open("a", newline="") as file:
            csv.DictWriter(file, self.columns, lineterminator="\n").writerow(
                {name: repr(value) for name, value in row.items()}
            )

    def _rewrite(self, rows: list[dict[str, str]]) -> None:
        partial = self.path.with_suffix(".tmp")
        with partial.open("w", newline="") as file:
            writer = csv.DictWriter(file, self.columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        partial.replace(self.path)


class Logger:
    """Writes the figures of a run.

    Args:
        folder: The run's.
        total_steps: Where the run will end, for the time left.
        step: Where it starts: what was written past this step by an interrupted run is dropped.
    """

    def __init__(self, folder: Path, total_steps: int, step: int = 0) -> None:
        self.board = SummaryWriter(str(folder), purge_step=step + 1 if step else None)
        self.metrics = Metrics(folder / "metrics.csv", step)
        self.console = Console(highlight=False)
        self.live = Live(console=self.console, auto_refresh=False) if self.console.is_terminal else None
        if self.live:
            self.live.start()
        self.total_steps, self.began, self.start, self.told = total_steps, time.perf_counter(), step, 0.0
        self.newest: dict[str, float] = {}

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Write to TensorBoard, at once."""
        for name, value in values.items():
            self.board.add_scalar(name, value, step)
        self.board.flush()

    def row(self, step: int, values: Mapping[str, float]) -> None:
        """Write a row of metrics.csv."""
        self.metrics.append({"step": step, **values})

    def line(self, step: int, sps: float, values: Mapping[str, float]) -> None:
        """Show steps, the newest return and success, steps per second, time left; every ten seconds if no terminal."""
        self.newest |= values
        now = time.perf_counter()
        left = (self.total_steps - step) * (now - self.began) / max(1, step - self.start)
        parts = [f"{step:,}/{self.total_steps:,} steps"]
        for label, name in (("return", "charts/episodic_return"), ("success", "episode/success")):
            if name in self.newest:
                parts.append(f"{label} {self.newest[name]:.3f}")
        parts += [f"{sps:,.0f} SPS", f"{_clock(left)} left"]
        text = "  ".join(parts)
        if self.live:
            self.live.update(Text(text, no_wrap=True, overflow="ellipsis"), refresh=True)
        elif now - self.told >= 10 or step >= self.total_steps:
            self.told = now
            self.console.print(text, soft_wrap=True)

    def say(self, text: str) -> None:
        """Print a line above the live one."""
        self.console.print(text, soft_wrap=True)

    def close(self) -> None:
        """Flush and let go of the terminal."""
        if self.live:
            self.live.stop()
        self.board.close()


def _clock(seconds: float) -> str:
    minutes, second = divmod(max(0, int(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"
