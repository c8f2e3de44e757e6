"""A run from a configuration: a new one in a folder of its own, or one that goes on from a checkpoint."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from .checkpoint import Checkpoints, checkpoint_errors, find_checkpoint, load_checkpoint
from .console import make_console, print_line
from .files import lock_folder, make_folder, replace_file
from .metrics import mend_metrics
from .naming import name_folder
from .process import prepare_process
from .run import Run
from .settings import RunSettings
from .warm_start import load_weights

RESUMABLE = (
    "resume",
    "resume_from",
    "total_steps",
    "device",
    "threads",
    "trust",
    "checkpoint_every",
    "checkpoint_minutes",
)
"""Settings that may change when a run goes on."""


@contextmanager
def open_run(config: dict[str, Any], changed: Mapping[str, Any]) -> Iterator[tuple[Run, Path]]:
    """Open a new run and its folder, or the run that `resume` names, and lock the folder against other processes.

    Args:
        config: The composed configuration.
        changed: The keys and groups that the user gave, with their values.

    Raises:
        ValueError: If a setting is not allowed.
    """
    resume = RunSettings.from_config(config).resume
    if resume is None:
        if config["resume_from"]:
            raise ValueError(f"resume_from is {config['resume_from']}; it needs resume, the folder of the run")
        run, folder = start_run(config, changed)
        with lock_folder(folder):
            yield run, folder
    elif Path(resume).is_dir():
        with lock_folder(Path(resume)):
            yield resume_run(config, changed)
    else:
        yield resume_run(config, changed)


def start_run(config: dict[str, Any], changed: Mapping[str, Any]) -> tuple[Run, Path]:
    """Return a new run and its new folder; nothing is written before everything is built.

    Where the user did not name the folder, a number is added if another run has it already.
    """
    is_named = "run_dir" in changed
    settings = RunSettings.from_config(config)
    folder = Path(settings.run_dir)
    if is_named and os.path.lexists(folder):
        raise ValueError(f"run_dir is {folder}, which exists; a run is never overwritten")
    prepare_process(settings.seed, settings.threads)
    run = Run(config)
    load_weights(run)
    try:
        folder = make_folder(folder if is_named else name_folder(folder, run.config, changed), is_named)
        run.config["run_dir"] = str(folder)
        _write_config(run, folder)
    except OSError as error:
        raise ValueError(f"run_dir is {folder}; it cannot be created: {error}") from error
    return run, folder


def resume_run(config: dict[str, Any], changed: Mapping[str, Any]) -> tuple[Run, Path]:
    """Return a run that continues from its newest checkpoint, or from `resume_from`, and its folder."""
    if fixed := sorted(set(changed) - set(RESUMABLE)):
        raise ValueError(f"resume goes on with the run's own settings: {fixed[0]} cannot be changed")
    folder = Path(config["resume"])
    checkpoints = Checkpoints(folder / "checkpoints")
    name = config["resume_from"]
    path = checkpoints.find(name) if name else find_checkpoint(config["resume"])
    if path == folder:
        raise ValueError(f"resume is {folder}, a file; it must be a run folder")
    if path.parent == folder:
        raise ValueError(f"resume is {folder}, a policy without its optimizer; init_from takes its weights")
    try:
        saved = load_checkpoint(path, trust=config["trust"])
    except ValueError as error:
        raise ValueError(f"{error}{checkpoints.describe_older(path)}") from error
    merged = saved["config"] | {key: config[key] for key in RESUMABLE if key in changed}
    settings = RunSettings.from_config(merged)
    prepare_process(settings.seed, settings.threads)
    run = Run(merged)
    with checkpoint_errors(path):
        env_was_saved = run.load_state_dict(saved)
    if not env_was_saved:
        print_line(make_console(), "the environments were not saved: their episodes begin anew")
    if run.agent.steps >= settings.total_steps:
        raise ValueError(f"{folder} is finished: total_steps is {settings.total_steps}; a larger one goes on")
    for newer in checkpoints.set_aside_newer(run.agent.steps):
        print_line(make_console(), f"set aside, since the run goes on from {path.name}: {newer}")
    if not (folder / "config.yaml").exists():
        _write_config(run, folder)
        print_line(make_console(), "config.yaml was missing; it is written again")
    if mended := mend_metrics(folder / "metrics.csv", saved["metrics"]):
        print_line(make_console(), mended)
    return run, folder


def _write_config(run: Run, folder: Path) -> None:
    """Write the configuration of a run, with every argument."""
    text = OmegaConf.to_yaml(OmegaConf.create(run.config))
    with replace_file(folder / "config.yaml") as file:
        file.write(text.encode())
