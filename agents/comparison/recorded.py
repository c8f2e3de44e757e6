"""Read the settings, figures and evaluations that runs recorded in their folders.

config.yaml has the settings, metrics.csv the figures of each update without a clock, TensorBoard's events the steps per
second of each, and evaluation/ the episodes on held-out levels.

Legend: P points of a curve.
"""

import csv
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator
from yaml import YAMLError

from ..experiment import flatten

Curve = NDArray[np.float64]

UNREADABLE = (OSError, ValueError, KeyError, TypeError, csv.Error, OmegaConfBaseException, YAMLError)


@dataclass(frozen=True)
class Evaluation:
    """The newest evaluation of a run on held-out levels.

    Args:
        step: The step of its checkpoint.
        protocol: How it was played, as one text for each way.
        mean: Mean of the figure over the episodes.
    """

    step: int
    protocol: str
    mean: float


@dataclass(frozen=True)
class RecordedRun:
    """A run as it was recorded.

    Args:
        folder: Its folder.
        settings: Every setting by a name like "memory.hidden_size".
        figure: The figure that is read, as "charts/episodic_return".
        steps: Number of steps at each point of the curve, [P].
        values: The figure over the episodes that ended since the point before, [P].
    """

    folder: Path
    settings: Mapping[str, Any]
    figure: str
    steps: Curve
    values: Curve

    @property
    def seed(self) -> int:
        """Return the seed."""
        return int(self.settings["seed"])

    @property
    def last_step(self) -> int:
        """Return the step of the last point."""
        return int(self.steps[-1])

    @property
    def task(self) -> dict[str, Any]:
        """Return the settings of the environment."""
        return {name: value for name, value in self.settings.items() if name.partition(".")[0] == "env"}

    @cached_property
    def hours(self) -> Curve:
        """Return the hours of training at each point, [P], pauses left out; NaN where the events have none."""
        events = EventAccumulator(str(self.folder), size_guidance={SCALARS: 0})
        events.Reload()
        if "charts/SPS" not in events.Tags()[SCALARS]:
            return np.full(len(self.steps), np.nan)
        speeds = [(event.step, event.value) for event in events.Scalars("charts/SPS") if event.value > 0]
        steps = np.array([0, *(step for step, _ in speeds)], float)
        seconds = np.cumsum([0, *(np.diff(steps) / [speed for _, speed in speeds])])
        return np.interp(self.steps, steps, seconds / 3600)

    @cached_property
    def evaluation(self) -> Evaluation | None:
        """Return the evaluation of the last checkpoint that was evaluated, or None; `evaluate.py` writes them."""
        files = sorted((self.folder / "evaluation").glob("step-*.json"), key=lambda file: file.stat().st_mtime)
        name = {"charts/episodic_return": "return"}.get(self.figure, self.figure.rpartition("/")[2])
        found = [evaluation for file in files if (evaluation := _read_evaluation(file, name)) is not None]
        return max(found, key=lambda evaluation: evaluation.step, default=None)


def read_run(folder: Path, figure: str) -> RecordedRun:
    """Read the settings and a figure of a run.

    Raises:
        ValueError: If the folder is not that of a run, or the figure is not in it.
    """
    try:
        config: Any = OmegaConf.to_container(OmegaConf.load(folder / "config.yaml"))
        settings = flatten(config)
        int(settings["seed"]), str(settings["env"]), str(settings["memory"])
        with (folder / "metrics.csv").open(newline="") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or ())
            rows = [(float(row["step"]), float(row[figure])) for row in reader if row.get(figure)]
    except UNREADABLE as error:
        raise ValueError(f"{folder} is not the folder of a run: {' '.join(str(error).split())}") from error
    if figure not in columns:
        named = ", ".join(sorted(name for name in columns if name != "step")) or "no figures yet"
        raise ValueError(f"{folder} has no figure {figure!r}; it has {named}")
    rows = [(step, value) for step, value in rows if math.isfinite(value)]
    if not rows:
        raise ValueError(f"{folder} has no {figure} yet: no episode has ended")
    steps, values = np.array(rows).T
    return RecordedRun(folder, settings, figure, steps, values)


def find_runs(folders: Iterable[Path]) -> list[Path]:
    """Return every folder of a run at or below some folders, each once, in the order of their names.

    Raises:
        ValueError: If there is none below one of them.
    """
    found: dict[Path, Path] = {}
    for folder in folders:
        runs = sorted(file.parent for file in folder.rglob("config.yaml") if (file.parent / "metrics.csv").is_file())
        if not runs:
            what = "has no run in it" if folder.is_dir() else "is not a folder"
            raise ValueError(f"{folder} {what}; a run has the files config.yaml and metrics.csv")
        for run in runs:
            found.setdefault(run.resolve(), run)
    return list(found.values())


def _read_evaluation(file: Path, name: str) -> Evaluation | None:
    """Return the evaluation that `evaluate.py` wrote; None if it does not have the figure."""
    try:
        result = json.loads(file.read_text())
        mean = float(result["metrics"][name]["mean"])
        played = result["protocol"]
        levels = f"levels {played['start']} to {played['start'] + played['levels'] - 1} x {played['repetitions']}"
        how = ", most likely actions" if played["greedy"] else ""
        changed = f", {json.dumps(played['env'], sort_keys=True)}" if played["env"] else ""
        return Evaluation(int(result["step"]), f"{levels}{how}{changed}", mean)
    except UNREADABLE:
        return None
