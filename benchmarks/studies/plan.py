"""The jobs of the studies, as the files of plans/ describe them.

A plan has a question, a prediction, a `steps` count, arguments of train.py in `train`, arguments of evaluate.py in
`evaluate`, and a `grid`: a job is one choice of each of its entries, and the entry that is written first changes last.
A choice is a text or number for `entry=choice`, or a name with several arguments, of which `total_steps` stands above
the plan's. `all` among the choices stands for every file of configs/<entry> that is not named.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PLANS = Path(__file__).parent / "plans"


@dataclass(frozen=True)
class Job:
    """One run, and its evaluation.

    Args:
        study: The name of the study.
        name: The name of the job, once in a study.
        steps: The steps of training.
        train: Arguments of train.py.
        evaluate: Arguments of evaluate.py; None where the run is not evaluated.
    """

    study: str
    name: str
    steps: int
    train: tuple[str, ...]
    evaluate: tuple[str, ...] | None


def read_jobs(plans: Path = PLANS) -> list[Job]:
    """Return all jobs, those of the first study first; plans are read in the order of their names.

    Raises:
        ValueError: If two jobs of a study have one name.
    """
    jobs = [job for path in sorted(plans.glob("*.yaml")) for job in _jobs_of(path)]
    names = [(job.study, job.name) for job in jobs]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"{sorted(twice)} are planned twice")
    return jobs


def study_of(path: Path) -> str:
    """Return the name of a study: that of its plan without the number in front."""
    return path.stem.partition("_")[2]


def _jobs_of(path: Path) -> Iterator[Job]:
    plan = yaml.safe_load(path.read_text())
    study = study_of(path)
    grid = {entry: _choices(entry, choices) for entry, choices in plan["grid"].items()}
    evaluate = plan.get("evaluate")
    for chosen in product(*(choices.items() for choices in grid.values())):
        arguments = [f"total_steps={plan['steps']}", *(argument for _, own in chosen for argument in own)]
        steps = [argument.partition("=")[2] for argument in arguments if argument.startswith("total_steps=")]
        yield Job(
            study,
            "-".join(name for name, _ in chosen),
            int(steps[-1]),
            (*plan["train"], *arguments),
            None if evaluate is None else tuple(evaluate),
        )


def _choices(entry: str, choices: Any) -> dict[str, list[str]]:
    """Return the arguments of each choice, by its name."""
    prefix = "s" if entry == "seed" else ""
    named = choices if isinstance(choices, dict) else {choice: None for choice in choices}
    found = {}
    for name, arguments in named.items():
        if name == "all":
            files = (file.stem for file in sorted((ROOT / "configs" / entry).glob("*.yaml")))
            found |= {file: [f"{entry}={file}"] for file in files if file not in named}
        else:
            found[f"{prefix}{name}"] = [f"{entry}={name}"] if arguments is None else list(arguments)
    return found
