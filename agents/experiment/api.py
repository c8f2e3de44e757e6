"""Training and trained policies as functions of Python."""

import csv
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from memorl.agents import Interface, Policy, space_from_plain
from memorl.memory.checks import require_between

from .assemble import build_model, find_device
from .checkpoint import checkpoint_errors, find_checkpoint, load_checkpoint, load_model
from .compiling import announce_compilation
from .compose import Choice, compose_config, plain_value
from .hub import SCHEME, pull_policy
from .overrides import Overrides, read_overrides
from .run import Run
from .schema import check_value
from .settings import MAX_SEED
from .start import open_run
from .training import train_run


@dataclass(frozen=True)
class TrainedRun:
    """A run that has ended or was interrupted."""

    folder: Path
    run: Run

    def __fspath__(self) -> str:
        """Return the folder, so that a run is taken where the path of one is."""
        return str(self.folder)

    @cached_property
    def metrics(self) -> dict[str, NDArray[np.float64]]:
        """Return the columns of metrics.csv by name, a number an update, NaN where an update has none."""
        with (self.folder / "metrics.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        return {name: np.array([float(row[name] or "nan") for row in rows]) for name in (rows[0] if rows else ())}

    @cached_property
    def policy(self) -> Policy:
        """Return the policy as it is at the end; `load_policy(folder, best=True)` reads the best."""
        return Policy(self.run.model, self.run.stream.interface)


def train(
    env: Choice | None = None,
    memory: Choice | None = None,
    *,
    agent: Choice | None = None,
    encoder: Choice | None = None,
    model: Choice | None = None,
    experiment: str | None = None,
    quiet: bool = False,
    overrides: Overrides | None = None,
    **settings: Any,
) -> TrainedRun:
    """Train an agent, as `python train.py` does, and return when it is done.

    Names and defaults are those of the command line. While it runs, torch has the random numbers and the number of
    threads of the run, and in the main thread Ctrl-C, SIGTERM and SIGHUP end it cleanly; afterwards all of them are as
    they were before.

    Args:
        env: A name, as `"mortar_mayhem"`, `"CartPole-v1"` or `"my_package:MyEnv-v0"`; a class of a `gymnasium.Env` or a
            `VectorEnv`; a function of `num_envs` that returns a `VectorEnv`; or a dictionary of arguments. A class or
            function is found again by its name, so it must be at the top level of a module.
        memory: A name, as `"gru"`, a class of a `Memory`, or a dictionary of arguments.
        agent: In the same way.
        encoder: In the same way; any `nn.Module` with `output_size`, made from an observation space.
        model: In the same way.
        experiment: A name of configs/experiment.
        quiet: Print nothing.
        overrides: Any key of the configuration, dotted or in nested dictionaries: `{"memory.hidden_size": 64}`; or
            texts of the command line: `["memory.hidden_size=64"]`.
        settings: Keys of configs/train.yaml, as `total_steps` or `seed`; `resume` goes on with a run, which is a
            folder or what `train` returned.

    Raises:
        ValueError: If a setting is not allowed.
    """
    groups = {
        "env": env,
        "memory": memory,
        "encoder": encoder,
        "model": model,
        "agent": agent,
        "experiment": experiment,
    }
    more, chosen = read_overrides(overrides, groups)
    for group, choice in chosen.items():
        if groups[group] is not None:
            raise ValueError(f"overrides has {group}={choice} beside {group}={groups[group]}; one of them is enough")
    groups |= chosen
    named = {key: plain_value(key, value) for key, value in {**more, **settings}.items()}
    config = compose_config(groups, named)
    changed = {**named, **{group: choice for group, choice in groups.items() if choice is not None}}
    with ExitStack() as stack:
        stack.enter_context(_process_as_before())
        if quiet:
            stack.enter_context(redirect_stdout(stack.enter_context(open(os.devnull, "w"))))
        stack.enter_context(announce_compilation(quiet))
        run, folder = stack.enter_context(open_run(config, changed))
        train_run(run, folder, quiet)
    return TrainedRun(folder, run)


def load_policy(
    run: str | os.PathLike[str],
    best: bool = False,
    device: str | torch.device = "auto",
    trust: bool = False,
    greedy: bool = False,
    seed: int = 0,
) -> Policy:
    """Return the policy of a run, without building its environment.

    Args:
        run: A run folder, a checkpoint in one, what `train` returned, a folder that `save_policy` wrote, or the name of
            a policy on the Hugging Face Hub, as "hf://user/name".
        best: Of a folder, take the best checkpoint instead of the newest.
        device: Device of the model.
        trust: Let the checkpoint name classes of other packages, which are imported.
        greedy: Take the most likely action instead of sampling.
        seed: Seed of the samples.

    Raises:
        ValueError: If there is no checkpoint, or it is damaged, or an argument is not allowed.
    """
    if not isinstance(run, str | os.PathLike):
        raise ValueError(f"run is {run!r}; it must be a run folder, a checkpoint in one, or what train returned")
    seed = check_value("seed", plain_value("seed", seed), int)
    require_between(0, MAX_SEED, seed=seed)
    name = os.fspath(run)
    path = find_checkpoint(str(pull_policy(name)) if name.startswith(SCHEME) else name, best)
    place = find_device(str(device))
    saved = load_checkpoint(path, place, trust)
    config = saved["config"]
    with checkpoint_errors(path), _process_as_before():
        observations, actions = (space_from_plain(saved["spaces"][name]) for name in ("observation", "action"))
        inputs = (config["last_action"], config["last_reward"], config["scale_actions"])
        interface = Interface(observations, actions, place, *inputs)
        model = build_model(config, interface)
        load_model(model, saved["model"])
    return Policy(model, interface, greedy, seed)


@contextmanager
def _process_as_before() -> Iterator[None]:
    """Restore torch's random numbers and threads at the end of the block."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        try:
            yield
        finally:
            torch.set_num_threads(threads)
