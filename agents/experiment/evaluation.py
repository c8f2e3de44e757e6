"""Evaluation: episodes of held-out levels, and their statistics.

An episode depends on the model, its level, its repetition and the seed, and not on the episodes that run beside it.

Legend: N environments, F figures, L levels, R repetitions of each.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from memorl.agents import ActorCritic, Episode, Stream

from .draws import Draws

BOOTSTRAP_SAMPLES = 10_000
MAX_DRAWN = 1 << 20  # levels of bootstrap samples that are in memory at once
MAX_SQUARED = 1e150  # larger figures are scaled before they are squared and summed up


@torch.no_grad()
def run_episodes(
    model: ActorCritic, stream: Stream, levels: Sequence[int], seed: int = 0, greedy: bool = False,
    max_steps: int = 100_000, on_step: Callable[[], None] = lambda: None, on_end: Callable[[], None] = lambda: None,
) -> list[Episode]:  # fmt: skip
    """Run one episode of each level, as many at a time as the stream has environments.

    Args:
        model: The model that acts.
        stream: The environments.
        levels: The level of each episode; a level that comes again is a repetition.
        seed: The seed of the sampled actions.
        greedy: Take the most likely action instead of sampling.
        max_steps: Number of steps after which an endless episode is cut; its return up to there counts.
        on_step: Called after every reset and step.
        on_end: Called at the end of every episode.

    Returns:
        Return, length and the environment's own metrics of each episode, in the order of the levels. Where some were
        cut, each also has `cut`, 1 or 0; those that were cut lack the metrics that come at the end.
    """
    repetitions: Counter[int] = Counter()
    numbered = []
    for level in levels:
        numbered.append((level, repetitions[level]))
        repetitions[level] += 1
    N = stream.env.num_envs
    episodes: list[Episode] = []
    with _evaluation_mode(model):
        for start in range(0, len(numbered), N):
            batch = numbered[start : start + N]
            episodes += _run_batch(model, stream, batch, None if greedy else seed, max_steps, on_step, on_end)
    if any(episode["cut"] for episode in episodes):
        return episodes
    return [{name: value for name, value in episode.items() if name != "cut"} for episode in episodes]


def _run_batch(
    model: ActorCritic, stream: Stream, episodes: Sequence[tuple[int, int]], seed: int | None, max_steps: int,
    on_step: Callable[[], None], on_end: Callable[[], None],
) -> list[Episode]:  # fmt: skip
    """Run each episode in its own environment, greedily if the seed is None; each episode gets the figure `cut`."""
    N = stream.env.num_envs
    full = [*episodes, *[episodes[-1]] * (N - len(episodes))]  # the last one fills the environments that are left
    step = stream.reset([level for level, _ in full])
    state = model.memory.initial_state(N)
    stream.episodes.pop()
    results: list[Episode | None] = [None] * N
    draws = None if seed is None else Draws(seed, full, stream.actions)
    on_step()
    for _ in range(max_steps):
        obs = {name: entry[None] for name, entry in step.obs.items()}
        policy, _, state = model.forward_policy(obs, state, step.first[None])
        action = policy.draw(draws.next().to(stream.device)[None]) if draws else policy.mode()
        step = stream.step(action[0])
        on_step()
        for n, episode in zip(step.last.nonzero().flatten().tolist(), stream.episodes.pop(), strict=True):
            if results[n] is None:
                results[n] = {**episode, "cut": 0.0}
                if n < len(episodes):
                    on_end()
        if all(results):
            break
    so_far = stream.episodes.running()
    return [results[n] or {**so_far[n], "cut": 1.0} for n in range(len(episodes))]


@contextmanager
def _evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put every module into evaluation mode, and restore the mode of each; a user's module may have dropout."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def summarise(episodes: Sequence[Episode], repetitions: int) -> dict[str, dict[str, float]]:
    """Return the mean of every metric, its standard deviation over episodes, and a bootstrap interval of the mean.

    Levels are resampled with all their repetitions, since episodes of one level are not independent.

    Args:
        episodes: Level by level, the repetitions of a level beside each other.
        repetitions: Episodes a level.

    Returns:
        Of each metric: `mean`, `std`, the ends `low` and `high` of the 95 % interval, and `episodes`, the number of
        those in which it is a finite number; NaN where there are none.
    """
    L = len(episodes) // repetitions
    names = list(dict.fromkeys(key for episode in episodes for key in episode))
    rows = [[episode.get(name, np.nan) for episode in episodes] for name in names]
    values = np.array(rows, float).reshape(len(names), L, repetitions)
    is_known = np.isfinite(values)
    values[~is_known] = 0
    largest = np.abs(values).max((1, 2), initial=0)
    scales = np.where(largest > MAX_SQUARED, largest, 1)  # so that neither sums nor squares overflow
    values /= scales[:, None, None]
    sums = values.sum(2)  # [F, L]
    counts = is_known.sum(2)
    rng = np.random.default_rng(0)
    means = []
    at_once = max(1, MAX_DRAWN // L)
    for start in range(0, BOOTSTRAP_SAMPLES, at_once):
        drawn = rng.integers(0, L, (min(at_once, BOOTSTRAP_SAMPLES - start), L))
        drawn_sums = np.stack([row[drawn].sum(1) for row in sums])
        drawn_counts = np.stack([row[drawn].sum(1) for row in counts])
        means.append(np.where(drawn_counts > 0, drawn_sums, np.nan) / np.maximum(drawn_counts, 1))
    resampled = np.concatenate(means, 1)  # [F, samples]
    table = {}
    for f, name in enumerate(names):
        numbers = values[f][is_known[f]]
        if not len(numbers):
            table[name] = dict.fromkeys(("mean", "std", "low", "high"), np.nan) | {"episodes": 0.0}
            continue
        low, high = np.nanpercentile(resampled[f], [2.5, 97.5])
        figures = {"mean": numbers.mean(), "std": numbers.std(), "low": low, "high": high}
        table[name] = {key: float(figure * scales[f]) for key, figure in figures.items()} | {
            "episodes": float(len(numbers))
        }
    return table
