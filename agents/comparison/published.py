"""The learning curves of the Memory Gym paper, for the tasks that have them.

Pleines et al., 2025, Memory Gym, JMLR 26; the numbers are those of https://github.com/MarcoMeter/jmlr_2024.github.io:
for each agent on each environment the mean return and success of five seeds on held-out levels at steps between 0 and
the end of training, from pixels.

Legend: P points of a curve, S seeds.
"""

import csv
import importlib
import inspect
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.registration import load_env_creator

from .recorded import Curve

FIGURES = {"charts/episodic_return": "reward", "evaluation/return": "reward", "episode/success": "success"}
"""Figures of ours, and the names of theirs."""

VARIANTS = {"cues off": {}, "cues on": {"show_origin": True, "show_goal": True}, "": {}}
"""Arguments that names in the paper's data have in brackets."""

NOT_OF_THE_TASK = ("num_envs", "levels", "observation", "render_mode")
"""Arguments of an environment that leave its returns comparable."""


@dataclass(frozen=True)
class PublishedCurve:
    """A curve of the paper.

    Args:
        agent: The name of the agent there, as "gru".
        steps: [P].
        seeds: The figure of every seed, [S, P].
    """

    agent: str
    steps: Curve
    seeds: Curve

    @property
    def mean(self) -> Curve:
        """Return the mean over the seeds, [P]."""
        return self.seeds.mean(0)


def find_published(task: Mapping[str, Any], figure: str) -> list[PublishedCurve]:
    """Return the paper's curves of a figure on a task, given the settings of its environment; the list may be empty."""
    name = _find_environment(task)
    return _read().get((name, FIGURES.get(figure, "")), [])


def _find_environment(task: Mapping[str, Any]) -> str:
    """Return the name of the environment in the paper; "" if the paper does not have it."""
    own = {key.removeprefix("env."): value for key, value in task.items() if key not in ("env", "env.id")}
    if str(task.get("env.id", "")).startswith("memorl/"):
        return str(task["env.id"]).removeprefix("memorl/")
    importlib.import_module("memorl.envs")  # registers the environments
    for name in {environment for environment, _ in _read()}:
        id, _, variant = name.rstrip(")").partition(" (")
        spec = gymnasium.spec(f"memorl/{id}")
        cls: Any = load_env_creator(str(spec.vector_entry_point))
        if task["env"] != f"memorl.envs.{cls.__name__}":
            continue
        defaults = (
            {p.name: p.default for p in inspect.signature(cls).parameters.values()} | spec.kwargs | VARIANTS[variant]
        )
        if all(defaults.get(key) == value for key, value in own.items() if key not in NOT_OF_THE_TASK):
            return name
    return ""


@cache
def _read() -> dict[tuple[str, str], list[PublishedCurve]]:
    """Return the curves by environment and figure."""
    points: dict[tuple[str, str, str], list[list[float]]] = defaultdict(list)
    with (resources.files(__package__) / "memory_gym_curves.csv").open() as file:
        for row in csv.DictReader(file):
            seeds = [float(value) for name, value in row.items() if name.startswith("seed") and value]
            points[row["env"], row["metric"], row["run"]].append([float(row["env_steps"]), *seeds])
    curves: dict[tuple[str, str], list[PublishedCurve]] = defaultdict(list)
    for (environment, figure, agent), rows in points.items():
        steps, *seeds = np.array(rows).T
        curves[environment, figure].append(PublishedCurve(agent, steps, np.array(seeds)))
    return dict(curves)
