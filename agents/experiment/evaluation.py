"""Playing held-out levels, and what can be said of the outcome."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from memorl.agents import ActorCritic, Episode, Stream


@torch.no_grad()
def play(
    model: ActorCritic,
    stream: Stream,
    seeds: Sequence[int],
    greedy: bool = False,
    max_steps: int = 100_000,
    watch: Callable[[], None] = lambda: None,
) -> list[Episode]:
    """One episode of each environment of the stream.

    Args:
        model: What acts.
        stream: As many environments as there are seeds.
        seeds: The level of each environment.
        greedy: Take the likeliest action instead of sampling.
        max_steps: Where an endless episode is cut; what it had reached by then counts.
        watch: Called after the reset and after every step.

    Returns:
        Return, length and the environment's own figures of each episode, in the order of the seeds.
    """
    step, state = stream.reset(seeds), model.memory.initial_state(len(seeds))
    stream.episodes.pop()
    outcome: list[Episode | None] = [None] * len(seeds)
    watch()
    for _ in range(max_steps):
        obs = {name: entry[None] for name, entry in step.obs.items()}
        policy, _, state = model.forward_policy(obs, state, step.first[None])
        step = stream.step((policy.mode() if greedy else policy.sample())[0])
        watch()
        ended = stream.episodes.pop()
        for n, episode in zip(step.last.nonzero().flatten().tolist(), ended, strict=True):
            outcome[n] = outcome[n] or episode
        if all(outcome):
            break
    return [episode or cut for episode, cut in zip(outcome, stream.episodes.running(), strict=True)]


def summarise(
    episodes: Sequence[Episode], repetitions: int, resamples: int = 10_000, seed: int = 0
) -> dict[str, dict[str, float]]:
    """Mean, standard deviation over episodes, and a bootstrap interval of the mean, of every figure.

    Levels are resampled whole, with all their repetitions, since episodes of one level are not independent.

    Args:
        episodes: Level by level, the repetitions of a level beside each other.
        repetitions: Episodes a level.
        resamples: Bootstrap samples.
        seed: Of the resampling.

    Returns:
        Of each figure that all episodes have: `mean`, `std`, and the ends `low` and `high` of the 95 % interval.
    """
    rng = np.random.default_rng(seed)
    levels = len(episodes) // repetitions
    drawn = rng.integers(0, levels, (resamples, levels))
    table = {}
    for name in [key for key in episodes[0] if all(key in episode for episode in episodes)]:
        values = np.array([episode[name] for episode in episodes])
        means = values.reshape(levels, repetitions).mean(1)[drawn].mean(1)
        low, high = np.percentile(means, [2.5, 97.5])
        table[name] = {"mean": values.mean(), "std": values.std(), "low": low, "high": high}
    return {name: {key: float(value) for key, value in row.items()} for name, row in table.items()}
