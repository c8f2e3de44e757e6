"""Millions of steps of every game with options drawn at random: no exception, no leak, nothing outside its space."""

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memorl.envs import BatchedEnv, MortarMayhem, MysteryPath, SearingSpotlights
from memorl.envs.options import Choices, Flag, Integer, Number, Option

GAMES: list[tuple[type[BatchedEnv], dict[str, bool]]] = [
    *((MortarMayhem, {"grid": grid, "act_only": act_only}) for grid in (False, True) for act_only in (False, True)),
    (MortarMayhem, {"endless": True}),
    (MysteryPath, {}),
    (MysteryPath, {"grid": True}),
    (MysteryPath, {"endless": True}),
    (SearingSpotlights, {}),
    (SearingSpotlights, {"endless": True}),
]
N = 64


def drawn(option: Option, default: Any, rng: np.random.Generator) -> Any:
    """A value near the default, or anywhere in the range that is allowed."""
    if isinstance(option, Flag):
        return bool(rng.integers(2))
    if isinstance(option, Choices):
        low, high = option.low, min(option.high, option.low + 20)
        return rng.integers(low, high + 1, rng.integers(1, 5)).tolist()
    scale = max(1.0, 2 * abs(float(default)))
    if isinstance(option, Integer):
        wide = rng.random() < 0.1
        high = option.high if wide else min(option.high, option.low + 2 + int(scale))
        return int(rng.integers(option.low, high + 1))
    assert isinstance(option, Number)
    if np.isfinite(option.high - option.low) and rng.random() < 0.3:
        return float(rng.uniform(option.low, option.high))
    low, high = max(option.low, -scale), min(option.high, scale)
    return float(rng.uniform(low, np.nextafter(high, low)))


def some(envs: BatchedEnv, rng: np.random.Generator) -> dict[str, Any]:
    """Half of the options, each with a value of its own, that are allowed together."""
    chosen = [name for name in envs.options if rng.random() < 0.5]
    return {name: drawn(envs.options[name], np.ravel(envs._arguments[name])[-1], rng) for name in chosen}


def soak(game: type[BatchedEnv], variant: dict[str, bool], observation: str, steps: int, seed: int) -> int:
    """New options every 500 steps, or the defaults where they do not go together; how many episodes ended."""
    envs, rng = game(num_envs=N, observation=observation, copy=False, **variant), np.random.default_rng(seed)
    ended = 0
    tape = rng.integers(0, np.maximum(envs._choices, 1), (500, N, len(envs._choices)))
    for _ in range(max(2, steps // (500 * N))):
        try:
            seen, infos = envs.reset(seed=int(rng.integers(2**40)), options=some(envs, rng))
        except ValueError:
            seen, infos = envs.reset(seed=int(rng.integers(2**40)))
        for t in range(500):
            actions = tape[t] if len(envs._choices) > 1 else tape[t, :, 0]
            seen, rewards, ends, _, infos = envs.step(actions)
            ended += int(ends.sum())
            assert np.isfinite(rewards).all()
            if t % 20 == 0 or t < 3:
                assert seen in envs.observation_space
        assert all(len(infos[key]) == N for key in infos)
    assert ended
    return ended


def resident() -> int:
    """Memory of this process in MB."""
    gc.collect()
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


@pytest.mark.parametrize("observation", ["pixels", "symbolic"])
@pytest.mark.parametrize(("game", "variant"), GAMES)
def test_random_options_for_a_while(game: type[BatchedEnv], variant: dict[str, bool], observation: str) -> None:
    soak(game, variant, observation, 3 * 500 * N, 0)


@pytest.mark.slow
def test_random_options_for_twenty_million_steps() -> None:
    """A second round of the same length must not need more memory than the first."""
    if not Path("/proc/self/status").exists():
        pytest.skip("memory is read from /proc")
    used = []
    for part in range(4):
        for game, variant in GAMES:
            for observation in ("pixels", "symbolic"):
                soak(game, variant, observation, 20_000_000 // (4 * 2 * len(GAMES)), 1 + part)
        used.append(resident())
    assert used[-1] - used[1] < 20, used
