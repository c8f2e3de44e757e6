"""Groups of runs that differ in their settings, compared on every task at the steps that all its runs have.

The score of a run is the mean of its figure over the last tenth of these steps. Where several tasks are averaged,
scores are scaled first, on every task by itself: (score - lowest) / (highest - lowest), over all its runs.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from .curves import GroupCurve, average_between, make_curve
from .grouping import describe_groups, find_repeated, name_groups, name_tasks
from .published import PublishedCurve, find_published
from .recorded import RecordedRun, find_runs, read_run
from .statistics import CONFIDENCE, interquartile_mean

CONFIDENCE_TEXT = f"{CONFIDENCE:.0%} intervals"
ENOUGH_SEEDS = 3
LAST_SHARE = 0.1
"""The share of the steps, at their end, over which the score is the mean."""

MUCH_LONGER = 1.05
"""A run of a task that is longer than the shortest by this factor is warned of."""

NO_MEMORY = "memorl.memory.NoMemory"


@dataclass(frozen=True)
class Group:
    """Runs that differ in nothing but their seed and their environment.

    Args:
        name: Settings that tell it from the other groups.
        settings: All settings in which the groups differ.
        runs: The runs of each task by its name.
        scores: Their scores.
    """

    name: str
    settings: Mapping[str, Any]
    runs: Mapping[str, list[RecordedRun]]
    scores: Mapping[str, list[float]]


@dataclass(frozen=True)
class Comparison:
    """The comparison of several runs.

    Args:
        figure: The figure that is compared.
        steps: By the name of each task: the step up to which its runs are compared.
        groups: The groups, that with the highest interquartile mean first.
        warnings: What must be known before conclusions are drawn.
        is_scaled: Whether averages over tasks are of scaled scores.
    """

    figure: str
    steps: Mapping[str, int]
    groups: list[Group]
    warnings: list[str]
    is_scaled: bool

    @cached_property
    def curves(self) -> dict[str, dict[str, GroupCurve]]:
        """Return the learning curve of each group by the names of the task and of the group."""
        return {
            task: {g.name: make_curve(g.runs[task], until) for g in self.groups if task in g.runs}
            for task, until in self.steps.items()
        }

    @cached_property
    def published(self) -> dict[str, list[PublishedCurve]]:
        """Return the paper's curves of the figure by the name of each task; none for a task that has none."""
        return {task: find_published(runs_of(task, self.groups)[0].task, self.figure) for task in self.steps}

    @cached_property
    def averaged(self) -> dict[str, dict[str, list[float]]]:
        """Return by the names of the group and the task the scores that are averaged over tasks."""
        if not self.is_scaled:
            return {group.name: dict(group.scores) for group in self.groups}
        return scale_scores({group.name: group.scores for group in self.groups})


def compare(*folders: str | Path, figure: str = "charts/episodic_return", scale: bool | None = None) -> Comparison:
    """Compare runs.

    Args:
        folders: Folders of runs, or folders that have some anywhere below them.
        figure: A column of metrics.csv, as "episode/success".
        scale: Scale the scores of each task before they are averaged over tasks; None does it with several tasks.

    Raises:
        ValueError: If there is no run in one of the folders, or none of them can be read.
    """
    runs, left_out = _read_runs(find_runs(map(Path, folders)), figure)
    tasks = name_tasks([run.task for run in runs])
    settings = describe_groups(runs)
    steps = {
        task: min(run.last_step for run, its in zip(runs, tasks, strict=True) if its == task)
        for task in sorted(set(tasks))
    }
    members: dict[str, list[int]] = defaultdict(list)
    for i, name in enumerate(name_groups(settings)):
        members[name].append(i)
    groups = []
    for name, indices in members.items():
        mine = {task: [runs[i] for i in indices if tasks[i] == task] for task in sorted({tasks[i] for i in indices})}
        scores = {task: [score_run(run, steps[task]) for run in its] for task, its in mine.items()}
        groups.append(Group(name, settings[indices[0]], mine, scores))
    is_scaled = len(steps) > 1 if scale is None else scale
    comparison = Comparison(figure, steps, groups, [*left_out, *find_warnings(steps, groups)], is_scaled)
    averaged = comparison.averaged
    comparison.groups.sort(key=lambda group: -interquartile_mean(averaged[group.name]))
    return comparison


def runs_of(task: str, groups: Sequence[Group]) -> list[RecordedRun]:
    """Return the runs of all groups on a task."""
    return [run for group in groups for run in group.runs.get(task, [])]


def score_run(run: RecordedRun, until: int) -> float:
    """Return the mean of the figure of a run over the last tenth of the steps up to one."""
    return float(average_between(run, np.array([until * (1 - LAST_SHARE), until]))[1])


def scale_scores(scores: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, dict[str, list[float]]]:
    """Return the scores by group and task, scaled so that each task's are between 0 and 1; 0 where all are equal."""
    by_task: dict[str, list[float]] = defaultdict(list)
    for tasks in scores.values():
        for task, values in tasks.items():
            by_task[task] += values
    lows = {task: min(values) for task, values in by_task.items()}
    ranges = {task: (max(values) - min(values)) or 1.0 for task, values in by_task.items()}
    return {
        group: {task: [(value - lows[task]) / ranges[task] for value in values] for task, values in tasks.items()}
        for group, tasks in scores.items()
    }


def find_warnings(steps: Mapping[str, int], groups: Sequence[Group]) -> Iterator[str]:
    """Yield the warnings that a reader must know before drawing conclusions."""
    for task, until in steps.items():
        runs = runs_of(task, groups)
        longest = max(run.last_step for run in runs)
        if longest > MUCH_LONGER * until:
            yield f"{task}: the runs have {until:,} to {longest:,} steps; they are compared at {until:,}."
        if not any(run.settings["memory"] == NO_MEMORY for run in runs):
            yield f"{task}: no run has memory=none, so nothing here shows that the task needs a memory."
        for group in groups:
            yield from _find_warnings_of(task, group)
        protocols = {run.evaluation.protocol for run in runs if run.evaluation}
        if len(protocols) > 1:
            yield f"{task}: the evaluations differ in how they were played: {'; '.join(sorted(protocols))}."


def _find_warnings_of(task: str, group: Group) -> Iterator[str]:
    runs = group.runs.get(task)
    if not runs:
        yield f"{task}: {group.name} has no run here; its averages are over the other tasks."
        return
    seeds = len({run.seed for run in runs})
    if seeds < ENOUGH_SEEDS:
        counted = f"{seeds} seed{'s' if seeds > 1 else ''}"
        yield f"{task}, {group.name}: {counted}; with fewer than {ENOUGH_SEEDS} nothing can be concluded."
    if repeated := find_repeated(runs):
        named = ", ".join(map(str, repeated))
        yield f"{task}, {group.name}: several runs have the seed {named}; they are no independent samples."


def _read_runs(folders: Sequence[Path], figure: str) -> tuple[list[RecordedRun], list[str]]:
    """Return the runs that can be read, and a warning for each of the others."""
    runs = []
    left_out = []
    for folder in folders:
        try:
            runs.append(read_run(folder, figure))
        except ValueError as error:
            left_out.append(f"left out: {error}.")
    if not runs:
        raise ValueError(left_out[0].removeprefix("left out: ").rstrip(".") if left_out else "there are no runs")
    return runs, left_out
