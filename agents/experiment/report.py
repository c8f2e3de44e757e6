"""The facts of a run at its start and at its end, by name, for the console and for TensorBoard."""

import math
import platform
import shlex
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from .command_names import name_command
from .run import MAX_RECENT_EPISODES, Run
from .trust import trust_argument

COMMANDS = ("writes to", "watch", "checkpoint", "evaluate", "go on")
"""Names of the facts that are paths and commands."""


def describe_start(run: Run, folder: Path) -> dict[str, str]:
    """Return the facts at the start of a run: its parts, its sizes and its folder."""
    threads = torch.get_num_threads()
    versions = [f"memorl {_version('memorl')}", f"torch {torch.__version__}", f"python {platform.python_version()}"]
    config = run.config
    state = run.model.memory.initial_state(1)
    count = sum(math.prod(entry.shape[1:]) for entry in state.values())
    return {
        "versions": ", ".join(versions),
        "device": f"{run.stream.device}, {threads} CPU thread{'s' * (threads > 1)}",
        "environment": f"{_call(config['env'])}, {run.settings.num_envs} side by side",
        "observations": _describe_observations(run),
        "actions": str(run.stream.actions.space),
        "memory": f"{_call(config['memory'])}; its state has {count:,} numbers an environment",
        "model": _call(config["model"]),
        "agent": f"{_name(config['agent'])}, values {_describe_values(config['agent'])}",
        "update": _describe_update(run),
        "parameters": f"{sum(p.numel() for p in run.model.parameters()):,}",
        "writes to": str(folder),
        "watch": f"tensorboard --logdir {'runs' if folder.parts[:1] == ('runs',) else shlex.quote(str(folder))}",
    }


def describe_end(run: Run, folder: Path, checkpoint: Path | None) -> dict[str, str]:
    """Return the facts at the end of a run: its steps, its returns, its checkpoint and the commands that use it."""
    settings = run.settings
    steps = run.agent.steps
    facts = {"steps": _describe_steps(run)}
    if run.recent_return is not None:
        facts["last return"] = f"{run.recent_return:.3f} at step {steps:,}, mean of {len(run.recent_returns)} episodes"
    if run.best_step is not None:
        source = (
            "on held-out levels"
            if settings.evaluate_every
            else f"mean of up to {MAX_RECENT_EPISODES} episodes at a checkpoint"
        )
        facts["best return"] = f"{run.best_score:.3f} at step {run.best_step:,}, {source}"
    if checkpoint:
        facts["checkpoint"] = str(checkpoint)
        facts["evaluate"] = (
            f"{name_command('evaluate')} checkpoint={shlex.quote(str(folder))}{trust_argument(run.config)}"
        )
        facts["go on"] = run.describe_resume(folder)
        if steps >= settings.total_steps:
            facts["go on"] += f" total_steps={2 * settings.total_steps}"
    return facts


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"


def _call(part: Mapping[str, Any]) -> str:
    """Return a part of a configuration as the call of its constructor."""
    values = {name: value for name, value in part.items() if name != "_target_"}
    shown = [
        f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={value!r}" for name, value in values.items()
    ]
    return f"{_name(part)}({', '.join(shown)})"


def _name(part: Mapping[str, Any]) -> str:
    """Return the name of the class of a part of a configuration."""
    return str(part["_target_"]).rpartition(".")[2]


def _describe_observations(run: Run) -> str:
    """Return the name of the encoder, and for each entry how it is read and whether it is normalised."""
    reads = getattr(run.model.encoder, "reads", {})
    entries = []
    for name, space in run.stream.observation_space.items():
        normalised = ", normalised by running moments" * (name in run.model.normaliser.names)
        entries.append(f"{name}: {reads.get(name, space)}{normalised}")
    return f"{'; '.join(entries)}; by {_name(run.config['encoder'])}"


def _describe_values(agent: Mapping[str, Any]) -> str:
    """Return whether the critic's values are normalised."""
    if agent.get("normalize_values"):
        return "normalised by running moments of their targets"
    return "not normalised"


def _describe_update(run: Run) -> str:
    settings = run.settings
    rows = settings.num_envs * settings.rollout_steps
    length = settings.sequence_length or settings.rollout_steps
    parts = [f"{rows:,} rows, {settings.num_envs} environments x {settings.rollout_steps}"]
    parts.append(f"{settings.sequences} sequences of {length}")
    agent = run.config["agent"]
    parts += [f"{agent[name]} {name}" for name in ("minibatches", "epochs") if name in agent]
    return "; ".join(parts) + "; the row that ends an episode takes no decision and is no step"


def _describe_steps(run: Run) -> str:
    """Return the number of steps, and the number of rows that are not steps."""
    settings = run.settings
    rows = run.updates * settings.num_envs * settings.rollout_steps
    ends = rows - run.agent.steps
    return (
        f"{run.agent.steps:,} in {run.updates:,} updates; {ends:,} of their {rows:,} rows end an episode, "
        "take no decision and are no steps"
    )
