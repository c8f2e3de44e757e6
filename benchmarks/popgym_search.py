"""Search for memoryless policies of POPGym's tasks.

    python benchmarks/popgym_search.py MineSweeper --difficulty easy
    python benchmarks/popgym_search.py PositionOnlyCartPole

For Multiarmed Bandit, Battleship and Mine Sweeper: the table of a policy, chances of actions for each observation, is
improved by the gradient of the policy, from nearly equal chances on. For poles: the weights W of

    p(right) = sigmoid(W0 a + W1 x + W2 sin(W3 a + W4 x)),   x and a the two numbers that are shown

are drawn from a normal distribution, which then moves to the best seventh of the draws (cross-entropy method).
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.envs.popgym.test_returns import LEVELS, make  # isort: skip
from tests.support.popgym_play import memoryless, play  # isort: skip

START = np.array([[47, -0.6, -6, 200, 20], [8, 0.4, 2, 30, 10]])
"""The means and the deviations of W at first."""


def search_table(task: str, difficulty: str, episodes: int, rounds: int, seed: int) -> None:
    """Improve the table of a memoryless policy by Adam, and print it with its return in ten times as many episodes."""
    batch = make(task, difficulty, episodes)
    sizes = getattr(batch.single_action_space, "nvec", None)
    actions = int(batch.single_action_space.n if sizes is None else sizes.prod())
    numbers = int(batch.single_observation_space.n)
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 0.01, (numbers, actions))
    mean = np.zeros_like(logits)
    square = np.zeros_like(logits)
    returns = []
    for t in range(1, rounds + 11):
        chances = np.exp(logits - logits.max(1, keepdims=True))
        chances /= chances.sum(1, keepdims=True)
        upto = (np.minimum(chances.cumsum(1), 1) + np.arange(numbers)[:, None]).ravel()
        observation, _ = batch.reset(seed=seed + t * episodes)
        playing = np.ones(episodes, np.bool_)
        steps = []
        while playing.any():
            drawn = np.searchsorted(upto, rng.random(episodes) + observation) - observation * actions
            action = np.minimum(drawn, actions - 1)
            chosen = action if sizes is None else np.stack(np.divmod(action, sizes[1]), 1)
            cell = observation * actions + action
            observation, rewards, terminated, truncated, _ = batch.step(chosen)
            steps.append((cell, rewards * playing, playing))
            playing = playing & ~(terminated | truncated)
        cells, gains, played = (np.array(part) for part in zip(*steps, strict=True))
        if t > rounds:
            returns.append(gains.sum(0))
            continue
        to_go = gains[::-1].cumsum(0)[::-1]
        advantage = (to_go - to_go.sum(1, keepdims=True) / played.sum(1, keepdims=True)) * played
        slope = np.bincount(cells.ravel(), advantage.ravel(), logits.size).reshape(logits.shape) / episodes
        slope -= slope.sum(1, keepdims=True) * chances
        mean += 0.1 * (slope - mean)
        square += 0.01 * (slope**2 - square)
        rate = 0.1 * (1 - 0.9 * t / rounds) / (1 - 0.9**t)
        logits += rate * mean / (np.sqrt(square / (1 - 0.99**t)) + 1e-8)
    found = np.concatenate(returns)
    print(np.array2string(chances, precision=3, suppress_small=True, max_line_width=160, threshold=10_000))
    print(
        f"{task} {difficulty}, seed {seed}: {found.mean():.4f} (standard error {found.std() / len(found) ** 0.5:.4f})"
    )


def search_weights(task: str, difficulty: str, draws: int, rounds: int, seed: int) -> None:
    """Move the distribution of W, and print its mean with the return of that."""
    episodes = 100
    batch = make(task, difficulty, draws * episodes)
    rng = np.random.default_rng(seed)
    weights = np.empty((draws * episodes, 5))

    def push(seen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        x, a = seen.T
        logit = weights[:, 0] * a + weights[:, 1] * x
        logit += weights[:, 2] * np.sin(weights[:, 3] * a + weights[:, 4] * x)
        return (rng.random(len(logit)) < 1 / (1 + np.exp(-np.clip(logit, -50, 50)))).astype(np.int64)

    policy = memoryless(push)
    mean, deviation = START
    for t in range(rounds):
        drawn = rng.normal(mean, deviation, (draws, 5))
        weights[:] = drawn.repeat(episodes, 0)
        returns = play(batch, policy, seed + t * len(weights)).reshape(draws, episodes).mean(1)
        best = drawn[returns.argsort()[-draws // 7 :]]
        mean = 0.3 * mean + 0.7 * best.mean(0)
        deviation = best.std(0) + 0.15 * START[1] * 0.85**t
    weights[:] = mean
    found = play(batch, policy, seed + rounds * len(weights))
    print(np.array2string(mean, precision=3, suppress_small=True))
    error = found.std() / len(found) ** 0.5
    print(f"{task} {difficulty}, seed {seed}: {found.mean():.4f} (standard error {error:.4f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", help="MultiarmedBandit, Battleship, MineSweeper, or one with CartPole in its name")
    parser.add_argument("--difficulty", choices=LEVELS, default="easy")
    parser.add_argument("--size", type=int, help="episodes of a round, 4000; for poles draws of a round, 200")
    parser.add_argument("--rounds", type=int, help="500; for poles 30")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    is_pole = "CartPole" in args.task
    size = args.size or (200 if is_pole else 4000)
    rounds = args.rounds or (30 if is_pole else 500)
    (search_weights if is_pole else search_table)(args.task, args.difficulty, size, rounds, args.seed)


if __name__ == "__main__":
    main()
