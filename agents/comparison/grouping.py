"""Sort runs into tasks and groups; the runs of a group differ only in seed and task."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..experiment import NOT_LEARNED_FROM, PARTS
from .recorded import RecordedRun

Settings = Mapping[str, Any]

OF_THE_BUDGET = ("total_steps", "agent.anneal_steps")
"""Settings that say how long a run is: runs that differ in them are compared where both are, with a warning."""


def describe_groups(runs: Sequence[RecordedRun]) -> list[dict[str, Any]]:
    """Return for each run the settings that make its group: those outside the environment that differ between runs.

    An argument of a part, such as `memory.hidden_size`, counts only among the runs whose part is of the same class.
    """
    groups: list[dict[str, Any]] = [{} for _ in runs]
    ignored = {*NOT_LEARNED_FROM, *OF_THE_BUDGET, "seed"}
    names = sorted({name for run in runs for name in run.settings} - ignored)
    for name in names:
        part = name.partition(".")[0]
        if part == "env":
            continue
        by_class: dict[Any, list[int]] = {}
        for i, run in enumerate(runs):
            by_class.setdefault(run.settings.get(part) if name != part else None, []).append(i)
        for alike in by_class.values():
            if len({repr(runs[i].settings.get(name)) for i in alike}) > 1:
                for i in alike:
                    groups[i][name] = runs[i].settings.get(name)
    return groups


def name_groups(groups: Sequence[Settings]) -> list[str]:
    """Return a name for each group: the classes of its parts and as few settings as tell all groups apart."""
    keys = sorted({key for group in groups for key in group}, key=lambda key: (not key.startswith("memory"), key))
    chosen = [key for key in keys if key in PARTS]
    apart = len({repr(sorted(group.items())) for group in groups})

    def count(key: str) -> int:
        return len({_name(group, [*chosen, key]) for group in groups})

    while len({_name(group, chosen) for group in groups}) < apart:
        if len(chosen) == len(keys):  # classes of one name in two packages
            return [repr(dict(sorted(group.items()))) for group in groups]
        chosen.append(max((key for key in keys if key not in chosen), key=count))
    names = [_name(group, chosen) for group in groups]
    return [name or "all alike" for name in names]


def name_tasks(tasks: Sequence[Settings]) -> list[str]:
    """Return a name for each task: the class or id of its environment, and the arguments that differ among its like."""
    kinds = [str(task.get("env.id") or str(task["env"]).rpartition(".")[2]) for task in tasks]
    texts = []
    for task, kind in zip(tasks, kinds, strict=True):
        same = [other for other, other_kind in zip(tasks, kinds, strict=True) if other_kind == kind]
        differing = [key for key in sorted(task) if any(repr(other.get(key)) != repr(task[key]) for other in same)]
        shown = [_setting(key.removeprefix("env."), task[key]) for key in differing if key not in ("env", "env.id")]
        texts.append(", ".join([kind, *shown]))
    return texts


def find_repeated(runs: Sequence[RecordedRun]) -> list[int]:
    """Return the seeds that several runs have."""
    return sorted(seed for seed, count in Counter(run.seed for run in runs).items() if count > 1)


def _name(group: Settings, keys: Sequence[str]) -> str:
    """Return some of the settings of a group as a short text; the name of a class stands for itself."""
    ordered = sorted((key for key in keys if key in group), key=lambda key: ("." in key, key))
    return ", ".join(_setting(key, group[key]) for key in ordered)


def _setting(key: str, value: Any) -> str:
    if isinstance(value, str) and "." in value and "." not in key and "/" not in value:
        return value.rpartition(".")[2]
    return f"{key}={value if isinstance(value, str) else json.dumps(value)}"
