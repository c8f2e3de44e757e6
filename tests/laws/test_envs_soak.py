"""Millions of steps of every game with options drawn at random: no exception, no leak, nothing outside its space."""

import gc
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import memorl.envs
from memorl.envs import BatchedEnv, MortarMayhem, MysteryPath, SearingSpotlights
from memorl.envs.engine.options import MAX_CHOICES, Choices, Flag, Integer, IntegerRange, Number, Option

Case = tuple[type[BatchedEnv], dict[str, Any]]


def _has_curriculum(kind: type[BatchedEnv]) -> bool:
    return "curriculum" in inspect.signature(kind).parameters


GAMES: list[Case] = [
    *((MortarMayhem, {"grid": grid, "act_only": act_only}) for grid in (False, True) for act_only in (False, True)),
    (MortarMayhem, {"endless": True}),
    (MysteryPath, {}),
    (MysteryPath, {"grid": True}),
    (MysteryPath, {"endless": True}),
    (SearingSpotlights, {"num_coins": [MAX_CHOICES]}),
    (SearingSpotlights, {"endless": True}),
]
TASKS = [kind for name in memorl.envs.__all__ if ".tasks." in (kind := getattr(memorl.envs, name)).__module__]
QUIZZES: list[Case] = [(kind, {"curriculum": "multi"} if _has_curriculum(kind) else {}) for kind in TASKS]
CASES = [(game, variant | {"observation": kind}) for game, variant in GAMES for kind in ("pixels", "symbolic")]
CASES += QUIZZES
N = 64
LARGE = 1e6


def anywhere(low: float, high: float, rng: np.random.Generator) -> float:
    """An end of the range, or something between, small as often as large."""
    low, high = max(low, -LARGE), high if np.isfinite(high) else LARGE
    small = min(high, low + np.expm1(rng.uniform(0, np.log1p(high - low))))
    return float([low, high, rng.uniform(low, high), small][rng.integers(4)])


def drawn(option: Option, default: float, rng: np.random.Generator) -> Any:
    """A value near the default, or one of four from anywhere in the range that is allowed."""
    if isinstance(option, Flag):
        return bool(rng.integers(2))
    assert isinstance(option, Choices | Integer | Number | IntegerRange)
    wide = rng.random() < 0.25
    if isinstance(option, Choices | IntegerRange):
        near = Integer(option.low, option.high if wide else min(option.high, option.low + 20))
        count = 2 if isinstance(option, IntegerRange) else rng.integers(1, 5)
        return sorted(whole(near, rng) if wide else int(rng.integers(near.low, near.high + 1)) for _ in range(count))
    scale = max(1.0, 2 * abs(default))
    if isinstance(option, Integer):
        high = min(option.high, option.low + 2 + int(scale))
        return whole(option, rng) if wide else int(rng.integers(option.low, high + 1))
    low, high = (option.low, option.high) if wide else (max(option.low, -scale), min(option.high, scale))
    return min(anywhere(low, high, rng) if wide else rng.uniform(low, high), np.nextafter(option.high, -np.inf))


def whole(option: Integer, rng: np.random.Generator) -> int:
    return int(anywhere(option.low, option.high, rng))


def some(envs: BatchedEnv, rng: np.random.Generator) -> dict[str, Any]:
    """Some of the options, each with a value of its own."""
    chosen = [name for name in envs.options if rng.random() < 0.5] or list(envs.options)
    return {name: drawn(envs.options[name], float(np.ravel(envs._arguments[name])[-1]), rng) for name in chosen}


def begin(envs: BatchedEnv, arguments: dict[str, Any], rng: np.random.Generator) -> tuple[BatchedEnv, set[str]]:
    """Options drawn until they go together, for one episode or as arguments for all that follow; and their names."""
    lasting = rng.random() < 0.5
    for _ in range(200):
        options, seed = some(envs, rng), int(rng.integers(2**40))
        try:
            if lasting:
                made = type(envs)(num_envs=N, copy=False, **(arguments | options))
                made.reset(seed=seed)
                return made, set(options)
            envs.reset(seed=seed, options=options)
        except ValueError:
            continue
        return envs, set(options)
    raise AssertionError("no options that go together were drawn")


def soak(game: type[BatchedEnv], arguments: dict[str, Any], steps: int, seed: int) -> tuple[set[str], int]:
    """Which options were tried, new ones every 500 steps, and how many episodes ended.

    Every state on the way can be saved and loaded.
    """
    envs, rng = game(num_envs=N, copy=False, **arguments), np.random.default_rng(seed)
    ended, tried = 0, set[str]()
    tape = rng.integers(0, np.maximum(envs._choices, 1), (500, N, len(envs._choices)))
    for _ in range(max(2, steps // (500 * N))):
        now, names = begin(envs, arguments, rng)
        tried |= names
        for t in range(500):
            actions = tape[t] if envs.single_action_space.shape else tape[t, :, 0]
            seen, rewards, ends, _, infos = now.step(actions)
            ended += int(ends.sum())
            assert np.isfinite(rewards).all()
            if t % 5 == 0 or t < 3:
                assert seen in now.observation_space
            if t % 100 == 0:
                now.load_state_dict(now.state_dict())
        assert all(len(infos[key]) == N for key in infos)
    return tried, ended


def resident() -> int:
    """Memory of this process in MB."""
    gc.collect()
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


@pytest.mark.parametrize(("game", "arguments"), CASES)
def test_random_options_for_a_while(game: type[BatchedEnv], arguments: dict[str, Any]) -> None:
    soak(game, arguments, 2 * 500 * N, 0)


@pytest.mark.slow
def test_random_options_for_twenty_million_steps() -> None:
    """A second round of the same length must not need more memory than the first."""
    if not Path("/proc/self/status").exists():
        pytest.skip("memory is read from /proc")
    used = []
    tried, ended = [set[str]() for _ in CASES], [0] * len(CASES)
    for part in range(4):
        for i, (game, arguments) in enumerate(CASES):
            names, ends = soak(game, arguments, 20_000_000 // (4 * len(CASES)), 1 + part)
            tried[i] |= names
            ended[i] += ends
        used.append(resident())
    assert used[-1] - used[1] < 20, used
    for i, (game, arguments) in enumerate(CASES):
        assert len(tried[i]) >= 0.75 * len(game(**arguments).options), (game, arguments)
        assert ended[i], (game, arguments)
