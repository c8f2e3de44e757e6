"""What the pages of POPGym's tasks say of returns: bounds by dynamic programming, and policies.

    python benchmarks/popgym_returns.py bounds
    python benchmarks/popgym_returns.py policies --episodes 8000

`bounds` computes what the best policy returns, or at most returns; `policies` plays those of
tests/envs/popgym/test_returns.py. `popgym_search.py` searches for memoryless ones.
"""

import argparse
import sys
from collections import Counter
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import gammaln

from machine import table  # isort: skip

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.envs.popgym.test_returns import FEW, LEVELS, POLICIES, make  # isort: skip
from tests.support.popgym_play import play  # isort: skip

RANKS = 13
Value = tuple[int, int]
"""The cards of one value in Concentration: those that are left, and of these those that are known, 0 or 1."""


def concentration(values: int, copies: int, limit: int) -> float:
    """Return the optimum; a pair that is known is turned at once, and the time limit is out of reach."""

    @cache
    def failures(state: tuple[Value, ...]) -> float:
        new = sum(left - known for left, known in state)
        if new == 0:
            return 0.0
        new_first = 0.0
        costs = []
        for value, count in Counter(state).items():
            rest = [*state]
            rest.remove(value)
            left, known = value
            if left == 0:
                continue
            if known:
                costs.append(second(rest, left, new))
            after = failures(tuple(sorted([*rest, (left - 2, 0)]))) if known else second(rest, left, new - 1)
            new_first += count * (left - known) / new * after
        return min([new_first, *costs])

    def second(rest: list[Value], left: int, new: int) -> float:
        """Return the cost of turning a new card after one of a value of which so many are left."""
        cost = (left - 1) / new * failures(tuple(sorted([*rest, (left - 2, 0)])))
        for value, count in Counter(rest).items():
            others = [*rest]
            others.remove(value)
            chance = count * (value[0] - value[1]) / new
            if chance:
                turned = (value[0] - 2, 0) if value[1] else (value[0], 1)
                cost += chance * (1 + failures(tuple(sorted([*others, turned, (left, 1)]))))
        return cost

    sys.setrecursionlimit(10_000)
    return 1 - 2 / limit * failures(((copies, 0),) * values)


def higher_lower(decks: int) -> float:
    """Return sum of E|h - l| / (cards left) / cards: h and l of the cards that are left are higher and lower."""
    cards = 52 * decks
    total = 0.0
    for rank in range(RANKS):
        lower, higher = np.arange(4 * decks * rank + 1), np.arange(4 * decks * (RANKS - 1 - rank) + 1)[:, None]
        ways = _log_choose(lower[-1], lower) + _log_choose(higher[-1, 0], higher)
        for left in range(1, cards):
            log_chance = ways + _log_choose(4 * decks - 1, left - lower - higher) - _log_choose(cards - 1, left)
            total += (np.exp(log_chance) * np.abs(higher - lower)).sum() / left / cards / RANKS
    return float(total)


def _log_choose(n: int, k: Any) -> Any:
    ways = gammaln(n + 1) - gammaln(np.maximum(k, 0) + 1) - gammaln(np.maximum(n - k, 0) + 1)
    return np.where((k < 0) | (k > n), -np.inf, ways)


def mine_sweeper(size: int, mines: int) -> float:
    """Return the optimum: what is sure to be clear is opened at once; to give up is to open one square for ever."""
    squares = range(size**2)
    clear = size**2 - mines
    near = [{j for j in squares if abs(i // size - j // size) <= 1 and abs(i % size - j % size) <= 1} for i in squares]

    @cache
    def best(possible: frozenset[frozenset[int]], opened: frozenset[int]) -> float:
        left = clear - len(opened)
        if left == 0:
            return 0.0
        closed = [square for square in squares if square not in opened]
        sure = [square for square in closed if not any(square in field for field in possible)]
        values = [-left * 0.5 / (clear - 2)] if opened else []
        for square in sure[:1] or closed:
            parts: dict[int, list[frozenset[int]]] = {}
            for field in possible:
                parts.setdefault(-1 if square in field else len(field & near[square]), []).append(field)
            value = len(parts.pop(-1, [])) / len(possible) * (-0.5 - 1 / clear)
            for part in parts.values():
                value += len(part) / len(possible) * (1 / clear + best(frozenset(part), opened | {square}))
            values.append(value)
        return max(values)

    return best(frozenset(map(frozenset, combinations(squares, mines))), frozenset())


def bandit(arms: int, steps: int) -> float:
    """Return a bound: any arms may be pulled at a price, and the price of one pull a step is given back."""

    def profit(price: float) -> float:
        value = np.zeros(steps + 1)
        for pulls in range(steps - 1, -1, -1):
            mean = (np.arange(pulls + 1) + 1) / (pulls + 2)
            value = np.maximum(0, mean - price + mean * value[1 : pulls + 2] + (1 - mean) * value[: pulls + 1])
        return float(value[0])

    return 2 * min(price + arms / steps * profit(price) for price in np.linspace(0.8, 1, 201)) - 1


def pendulum(limit: int, angles: int = 201, speeds: int = 161) -> float:
    """Return what is best if the speed is shown, on a grid of angles and speeds and with nine torques."""
    angle = np.linspace(-np.pi, np.pi, angles, endpoint=False)[:, None, None]
    speed = np.linspace(-8, 8, speeds)[:, None]
    torque = np.linspace(-2, 2, 9)
    reward = 1 - (angle**2 + 0.1 * speed**2 + 0.001 * torque**2) / (16.2736044 / 2)
    after = np.clip(speed + (15 * np.sin(angle) + 3 * torque) * 0.05, -8, 8)
    a = (angle + after * 0.05 + np.pi) / (2 * np.pi) * angles % angles
    s = (after + 8) / 16 * (speeds - 1)
    i = np.minimum(a.astype(int), angles - 1)
    j = np.minimum(s.astype(int), speeds - 2)
    value = np.zeros((angles, speeds))
    for _ in range(limit):
        low, high = (value[i, j + k] * (1 - a + i) + value[(i + 1) % angles, j + k] * (a - i) for k in (0, 1))
        value = (reward + low * (1 - s + j) + high * (s - j)).max(2)
    return float(value[:, np.abs(speed[:, 0]) <= 1].mean() / limit)


BOUNDS = {
    "Concentration, optimum": lambda: [concentration(*c) for c in ((2, 26, 104), (2, 52, 208), (13, 4, 104))],
    "Higher Lower, optimum": lambda: [higher_lower(decks) for decks in (1, 2, 3)],
    "Mine Sweeper, optimum (easy)": lambda: [mine_sweeper(4, 2)],
    "Multiarmed Bandit, upper bound": lambda: [bandit(*sizes) for sizes in ((10, 200), (20, 400), (30, 600))],
    "Pendulum, optimum if the speed is shown": lambda: [pendulum(limit) for limit in (200, 150, 100)],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["bounds", "policies"])
    parser.add_argument("--episodes", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rows = []
    if args.what == "bounds":
        rows = [[name, *(f"{value:.4f}" for value in compute())] for name, compute in BOUNDS.items()]
    for (task, row), policy in POLICIES.items() if args.what == "policies" else ():
        episodes = args.episodes * FEW.get(policy, 1000) // 1000
        found = [play(make(task, level, episodes), policy, args.seed) for level in LEVELS]
        rows.append([f"{task}, {row}", *(f"{x.mean():.4f} ({x.std() / len(x) ** 0.5:.4f})" for x in found)])
        print(rows[-1], file=sys.stderr)
    print(table(["", *LEVELS], rows))


if __name__ == "__main__":
    main()
