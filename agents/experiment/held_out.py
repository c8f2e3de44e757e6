"""Held-out levels: their environments, and an evaluation during training, which does not change the training."""

import copy
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from memorl.agents import Stream
from memorl.agents.episodes import mean_figures

from .assemble import build_stream
from .evaluation import run_episodes
from .run import Run


def build_held_out_stream(
    config: Mapping[str, Any], num_envs: int, device: torch.device, changes: Mapping[str, Any] | None = None,
    **env_arguments: Any,
) -> Stream:  # fmt: skip
    """Return a stream of a run's environments in which every level can be chosen by the seed of a reset.

    Args:
        config: The configuration of the run, which stays as it is.
        num_envs: Number of environments.
        device: Device of the tensors.
        changes: Arguments of the environment that differ from the run's.
        env_arguments: More of them.
    """
    copied = copy.deepcopy(dict(config))
    levels = {"levels": None} if "levels" in copied["env"] else {}
    copied["env"] = {**copied["env"], **(changes or {}), **levels}
    return build_stream(copied, num_envs, device, **env_arguments)


def evaluate_run(run: Run) -> dict[str, float]:
    """Return the mean figures of a run on its `evaluate_levels` levels, named as `evaluation/return`.

    A figure that is not a finite number is counted out, as `summarise` does.

    The environments are new each time, so that the figures do not depend on the evaluations before.
    """
    settings = run.settings
    start = settings.evaluate_start
    levels = range(start, start + settings.evaluate_levels)
    with _random_streams_of_its_own(settings.seed):
        stream = build_held_out_stream(run.config, min(len(levels), settings.num_envs), run.stream.device)
        try:
            episodes = run_episodes(
                run.model, stream, levels, settings.seed, settings.evaluate_greedy, settings.evaluate_max_steps
            )
        finally:
            stream.env.close()
    return {f"evaluation/{name}": mean for name, mean in mean_figures(episodes).items()}


@contextmanager
def _random_streams_of_its_own(seed: int) -> Iterator[None]:
    """Seed the random streams of Python, NumPy and torch, and continue each afterwards as if nothing had been drawn."""
    python = random.getstate()
    numpy = np.random.get_state()  # noqa: NPY002  a user's environment may draw from it
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002
