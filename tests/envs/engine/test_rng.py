"""Compiled random streams equal NumPy's generators number for number."""

import numpy as np
import pytest

from memorl.envs.engine.rng import integers, rng_from_seed, seed_rng, uniform

SEEDS = [0, 1, 2**31, 2**32 - 1, 2**32, 2**40 + 5, 2**63 - 1, *range(100, 160)]
RANGES = [(0, 25), (-2, 2), (7, 8), (0, 3_000_000_000), (0, 2**32 - 1), (1, 9)]


@pytest.mark.parametrize("seed", SEEDS)
def test_seeding_equals_numpy(seed: int) -> None:
    stream = np.zeros(6, np.uint64)
    seed_rng(stream, seed)
    assert np.array_equal(stream, rng_from_seed(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_mixed_draws_equal_numpy(seed: int) -> None:
    """Doubles between integers must leave the waiting half of a draw alone."""
    stream, generator = rng_from_seed(seed), np.random.default_rng(seed)
    for low, high in RANGES * 5:
        assert [integers(stream, low, high) for _ in range(3)] == [generator.integers(low, high) for _ in range(3)]
        assert uniform(stream, -1.5, 4.0) == generator.uniform(-1.5, 4.0)


def test_a_range_of_one_value_draws_nothing() -> None:
    stream = rng_from_seed(3)
    before = stream.copy()
    assert integers(stream, 5, 6) == 5
    assert np.array_equal(stream, before)
