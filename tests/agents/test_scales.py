"""Numbers reach the layers in the same size, whatever their type and bounds."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Tensor

from memorl.agents import Actions, ActorCritic, Encoder, as_dict_space
from memorl.agents.layouts import Layout
from memorl.agents.normalise import Selection
from tests.support.memories import make_memory

LIMITS = np.iinfo(np.int64)


def model_of(space: spaces.Space, selection: Selection = "unbounded", **layouts: Layout) -> ActorCritic:
    torch.manual_seed(0)
    entries = as_dict_space(space)
    encoder = Encoder(entries, 64, 64, layouts or None)
    parts = (encoder, make_memory("gru", 64), Actions(spaces.Discrete(2)), 0, 8)
    return ActorCritic(*parts, observation_space=entries, normalize_observations=selection)


def features(model: ActorCritic, numbers: Any) -> Tensor:
    """Return the features of observations [B, ...] after an update of the moments from them."""
    obs = {"observation": torch.as_tensor(numbers)[None]}
    model.normaliser.update(obs)
    with torch.no_grad():
        return model.encode(obs, torch.zeros(1, len(numbers), dtype=torch.bool))[0]


def numbers_of(space: spaces.Box, count: int = 64) -> Any:
    random = np.random.default_rng(0)
    part = random.uniform(size=(count, *space.shape))
    low, high = (np.asarray(bound, np.float64) / 2 for bound in (space.low, space.high))
    numbers = 2 * low + part * (high - low)  # the lower half, as sums of the bounds may not fit into the type
    return numbers.astype(space.dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, np.bool_, np.uint16, np.uint32])
@pytest.mark.parametrize("shape", [(4,), (20, 20, 4), (7, 7, 20), (64, 64, 4)], ids=str)
def test_zeros_and_ones_are_the_same_in_every_type(shape: tuple[int, ...], dtype: Any) -> None:
    numbers = np.random.default_rng(0).integers(0, 2, (8, *shape))
    as_floats = features(model_of(spaces.Box(0, 1, shape)), numbers.astype(np.float32))
    found = features(model_of(spaces.Box(0, 1, shape, dtype)), numbers.astype(dtype))
    assert torch.equal(found, as_floats)


@pytest.mark.parametrize(
    "space",
    [
        spaces.Box(0, 65_535, (64, 64, 1), np.uint16),
        spaces.Box(0, 10, (20, 20, 3), np.int32),
        spaces.Box(0, 10**6, (20, 20, 3), np.int32),
        spaces.Box(0, 1000, (3,), np.uint16),
        spaces.Box(-128, 127, (3,), np.int8),
        spaces.Box(5000, 5010, (3,), np.int64),
        spaces.Box(np.array([0, 0, 100]), np.array([1, 255, 200]), dtype=np.uint8),
        spaces.Box(-(10**6), 10**6, (3,), np.int64),
        spaces.Box(0, 2**32 - 1, (3,), np.uint32),
        spaces.Box(0, 2**63, (3,), np.uint64),
        spaces.Box(LIMITS.min, LIMITS.max, (3,), np.int64),
        spaces.Box(0, 1000, (3,)),
        spaces.Box(0, 255, (3,)),
        spaces.Box(0, 1, (3,)),
    ],
    ids=str,
)
@pytest.mark.parametrize("selection", ["unbounded", "all"])
def test_numbers_of_every_size_vary_as_those_from_0_to_1_do(space: spaces.Box, selection: Selection) -> None:
    varied = features(model_of(space, selection), numbers_of(space))
    assert 0.01 < varied.std(0).mean() < 1
    assert 0.05 < varied.pow(2).mean().sqrt() < 3


def test_floats_that_are_small_stay_as_they_are() -> None:
    space = spaces.Box(np.array([-8, 0, -1], np.float32), np.array([8, 100, 1], np.float32))
    model = model_of(space)
    assert model.normaliser.names == []
    assert isinstance(model.encoder, Encoder)
    part = model.encoder.parts[0]
    x = torch.tensor([[3.0, 90.0, -0.5]])
    assert torch.equal(part(x), torch.relu(part.linear(x)))


@pytest.mark.parametrize("shape", [(64, 64, 3), (3, 84, 84), (7, 7, 3), (20, 20, 3)], ids=str)
def test_bytes_of_pictures_and_codes_of_minigrid_are_scaled_as_ever(shape: tuple[int, ...]) -> None:
    largest = 10 if max(shape) <= 15 else 255
    numbers = np.random.default_rng(0).integers(0, largest + 1, (4, *shape)).astype(np.uint8)
    model = model_of(spaces.Box(0, 255, shape, np.uint8))
    assert isinstance(model.encoder, Encoder)
    part = copy.deepcopy(model.encoder.parts[0])
    with torch.no_grad():
        part.first.weight /= largest
        found = model.encoder.parts[0](torch.as_tensor(numbers))
        part.keep_scale()
        assert torch.equal(found, part(torch.as_tensor(numbers)))


def test_an_image_has_one_mean_and_deviation_and_a_vector_those_of_each_place() -> None:
    space = spaces.Box(-np.inf, np.inf, (40, 40, 3))
    numbers = 500 + 90 * np.random.default_rng(0).standard_normal((40, *space.shape)).astype(np.float32)
    places = model_of(space)
    assert features(places, numbers).std() > 0.01
    assert places.normaliser.moments[0].mean.shape == space.shape
    whole = model_of(space, observation="hwc")
    assert features(whole, numbers).std() > 0.01
    assert float(whole.normaliser.moments[0].mean) == pytest.approx(numbers.astype(np.float64).mean())
    assert int(whole.normaliser.moments[0].count) == numbers.size


def test_all_follows_the_layout_that_is_set() -> None:
    space = spaces.Box(0, 255, (64, 64, 3))
    assert model_of(space, "all").normaliser.names == []
    assert model_of(space, "all", observation="vector").normaliser.names == ["observation"]
    assert model_of(spaces.Box(0, 1, (5,), np.uint8), "all").normaliser.names == []
    assert model_of(spaces.Box(0, 9, (5,), np.int32), "all").normaliser.names == ["observation"]
    assert model_of(spaces.Box(0, 10**6, (5,), np.int32), "none").normaliser.names == []
