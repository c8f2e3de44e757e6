"""Evaluation: episodes of held-out levels, and their statistics."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from memorl.agents import ActorCritic, Episode, Stream

BOOTSTRAP_SAMPLES = 10_000


@torch.no_grad()
def run_episodes(
    model: ActorCritic, stream: Stream, seeds: Sequence[int], greedy: bool = False, max_steps: int = 100_000,
    on_step: Callable[[], None] = lambda: None,
) -> list[Episode]:  # fmt: skip
    """Run one episode in each environment of the stream.

    Args:
        model: The model that acts.
        stream: As many environments as there are seeds.
        seeds: The level of each environment.
        greedy: Take the most likely action instead of sampling.
        max_steps: Number of steps after which an endless episode is cut; its return up to there counts.
        on_step: Called after the reset and after every step.

    Returns:
        Return, length and the environment's own metrics of each episode, in the order of the seeds. Where some were
        cut, each also has `cut`, 1 or 0; those that were cut lack the metrics that come at the end.
    """
    step = stream.reset(seeds)
    state = model.memory.initial_state(len(seeds))
    stream.episodes.pop()
    finished: list[Episode | None] = [None] * len(seeds)
    on_step()
    for _ in range(max_steps):
        obs = {name: entry[None] for name, entry in step.obs.items()}
        policy, _, state = model.forward_policy(obs, state, step.first[None])
        step = stream.step((policy.mode() if greedy else policy.sample())[0])
        on_step()
        for n, episode in zip(step.last.nonzero().flatten().tolist(), stream.episodes.pop(), strict=True):
            finished[n] = finished[n] or episode
        if all(finished):
            break
    if all(finished):
        return [episode for episode in finished if episode]
    running = stream.episodes.running()
    return [
        {**episode, "cut": 0.0} if episode else {**so_far, "cut": 1.0}
        for episode, so_far in zip(finished, running, strict=True)
    ]


def summarise(episodes: Sequence[Episode], repetitions: int) -> dict[str, dict[str, float]]:
    """Return the mean of every metric, its standard deviation over episodes, and a bootstrap interval of the mean.

    Levels are resampled with all their repetitions, since episodes of one level are not independent.

    Args:
        episodes: Level by level, the repetitions of a level beside each other.
        repetitions: Episodes a level.

    Returns:
        Of each metric: `mean`, `std`, the ends `low` and `high` of the 95 % interval, and `episodes`, the number of
        those that have it.
    """
    levels = len(episodes) // repetitions
    drawn = np.random.default_rng(0).integers(0, levels, (BOOTSTRAP_SAMPLES, levels))
    table = {}
    for name in dict.fromkeys(key for episode in episodes for key in episode):
        values = np.array([episode.get(name, np.nan) for episode in episodes]).reshape(levels, repetitions)
        sums = np.nansum(values, 1)
        counts = (~np.isnan(values)).sum(1)
        drawn_counts = counts[drawn].sum(1)
        means = sums[drawn].sum(1)[drawn_counts > 0] / drawn_counts[drawn_counts > 0]
        low, high = np.percentile(means, [2.5, 97.5])
        figures = {"mean": np.nanmean(values), "std": np.nanstd(values), "low": low, "high": high}
        table[name] = {key: float(figure) for key, figure in figures.items()} | {"episodes": float(counts.sum())}
    return table
