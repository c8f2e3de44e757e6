"""Compiled draws equal NumPy's generators number for number."""

import numpy as np
import pytest

from memorl.envs.engine.draws import choose_distinct, double, normal, shuffle, single
from memorl.envs.engine.rng import integers, rng_from_seed

SEEDS = [0, 1, 2**40 + 5, *range(100, 120)]


@pytest.mark.parametrize("seed", SEEDS)
def test_mixed_draws_equal_numpy(seed: int) -> None:
    stream, generator = rng_from_seed(seed), np.random.default_rng(seed)
    for length in (1, 2, 5, 52, 300):
        values = np.arange(length)
        expected = values.copy()
        shuffle(stream, values)
        generator.shuffle(expected)
        assert np.array_equal(values, expected)
        assert double(stream) == generator.random()
        floats = generator.random(3, dtype=np.float32)
        assert [single(stream) for _ in range(3)] == floats.tolist()
        assert [normal(stream) for _ in range(7)] == generator.standard_normal(7).tolist()
        assert integers(stream, 0, 7) == generator.integers(7)


def test_every_way_of_a_normal_draw_equals_numpy() -> None:
    """Enough numbers for the wedges of all layers and for the tail."""
    stream, generator = rng_from_seed(5), np.random.default_rng(5)
    expected = generator.standard_normal(400_000)
    assert (np.abs(expected) > 3.66).sum() > 50
    assert np.array_equal([normal(stream) for _ in range(len(expected))], expected)


@pytest.mark.parametrize(("count", "size"), [(16, 2), (36, 6), (64, 10)])
def test_choosing_equals_a_choice_without_replacement(count: int, size: int) -> None:
    stream, generator = rng_from_seed(3), np.random.default_rng(3)
    for _ in range(50):
        chosen = np.empty(size, np.int64)
        choose_distinct(stream, count, chosen)
        assert chosen.tolist() == generator.choice(np.arange(count), size, replace=False).tolist()
