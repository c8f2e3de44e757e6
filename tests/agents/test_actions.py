"""Actions reach the environment inside its space."""

from inspect import signature
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector.utils import batch_space, iterate

from memorl.agents import Actions
from memorl.agents.heads import PolicyHead

SPACES = [
    spaces.Discrete(3),
    spaces.Discrete(3, start=-1),
    *([spaces.Discrete(3, dtype=np.int32)] if "dtype" in signature(spaces.Discrete).parameters else []),
    spaces.MultiDiscrete([2, 5]),
    spaces.MultiDiscrete([[2, 5], [3, 2]]),
    spaces.MultiBinary(3),
    spaces.MultiBinary([2, 2]),
    spaces.Box(-1, 1, (2, 3), np.float32),
    spaces.Box(np.float64(-0.1), np.float64(0.1), (1,), np.float64),
    spaces.Box(0, 1000, ()),
    spaces.Box(-3, 4, (2,), np.int32),
    spaces.Box(0, 10, (1,), np.uint8),
    spaces.Box(0, 1, (2, 3), np.bool_),
    spaces.Box(np.array([-np.inf, 0, -1], np.float32), np.array([np.inf, np.inf, 2], np.float32)),
    spaces.Tuple([spaces.Box(0, 5, (2,)), spaces.Discrete(4, start=2)]),
    spaces.Dict({"b": spaces.MultiBinary(2), "a": spaces.Tuple([spaces.Discrete(2), spaces.Box(-2, 1, (1,))])}),
]


@torch.no_grad()
@pytest.mark.parametrize("space", SPACES, ids=str)
def test_every_action_reaches_the_environment_inside_its_space(space: spaces.Space) -> None:
    actions = Actions(space)
    policy = PolicyHead(8, actions)(torch.randn(1, 50, 8) * 5)
    for action in (policy.sample()[0], policy.mode()[0]):
        assert action.dtype == actions.dtype
        assert policy.log_prob(action[None]).shape == (1, 50, actions.branches)
        assert policy.entropy().shape == (1, 50)
        rows: list[Any] = list(iterate(batch_space(space, 50), actions.to_env(action)))
        assert len(rows) == 50
        assert all(space.contains(np.asarray(row) if isinstance(space, spaces.Box) else row) for row in rows)
        assert actions.encode(action).shape == (50, actions.feature_size)


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.1), (0.0, 1000.0), (-3.0, 5.0)])
def test_minus_one_to_one_reaches_from_bound_to_bound(low: float, high: float) -> None:
    action = torch.tensor([[-1.0], [0.0], [1.0], [7.0]])
    scaled = Actions(spaces.Box(low, high, (1,)))
    np.testing.assert_allclose(scaled.to_env(action)[:, 0], [low, (low + high) / 2, high, high], rtol=1e-6)
    assert scaled.encode(action)[:, 0].tolist() == [-1, 0, 1, 1]
    plain = Actions(spaces.Box(low, high, (1,)), scale=False)
    np.testing.assert_allclose(plain.to_env(action)[:, 0], np.clip([-1, 0, 1, 7], low, high), rtol=1e-6)
    np.testing.assert_allclose(plain.encode(action), plain.to_env(action), rtol=1e-6)


def test_a_joint_action_is_its_parts() -> None:
    space = spaces.Tuple([spaces.Box(0, 10, (1,)), spaces.MultiDiscrete([3, 4], start=[1, 1])])
    coordinate, choices = Actions(space).to_env(torch.tensor([[2.0, 3.0, 0.5]]))
    assert coordinate.tolist() == [[7.5]]
    assert choices.tolist() == [[3, 4]]


@pytest.mark.parametrize("space", [spaces.Text(3), spaces.Dict({"a": spaces.Text(3)})])
def test_unknown_action_spaces_are_named(space: spaces.Space) -> None:
    with pytest.raises(ValueError, match=r"action_space is .*Text.*; it must be Discrete"):
        Actions(space)


BITS = [spaces.Box(0, 1, (3,), np.bool_), spaces.Tuple([spaces.Box(0, 1, (3,), np.bool_), spaces.Box(-1, 1, (1,))])]


@pytest.mark.parametrize("space", BITS, ids=str)
def test_bits_are_fair_before_anything_is_learned(space: spaces.Space) -> None:
    actions = Actions(space)
    sampled = PolicyHead(8, actions)(torch.zeros(1, 4000, 8)).sample()[0]
    bits = actions.to_env(sampled)
    bits = bits[0] if isinstance(bits, tuple) else bits
    assert bits.dtype == np.bool_
    assert 0.4 < bits.mean() < 0.6


def test_bits_keep_to_their_bounds() -> None:
    actions = Actions(spaces.Box(np.array([0, 1, 0], bool), np.array([0, 1, 1], bool), (3,), np.bool_))
    assert actions.choices == (1, 1, 2)
    assert actions.to_env(torch.tensor([[0, 0, 0], [0, 0, 1]])).tolist() == [[False, True, False], [False, True, True]]


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize(
    "space", [space for space in SPACES if isinstance(space, spaces.Box) and space.dtype != np.bool_], ids=str
)
def test_the_remembered_coordinates_are_the_executed_ones(space: spaces.Box, scale: bool) -> None:
    actions = Actions(space, scale)
    x = torch.randn(200, actions.coordinates) * 3
    executed = torch.from_numpy(np.asarray(actions.to_env(x), np.float64).reshape(200, -1))
    remembered = actions.encode(x)
    np.testing.assert_allclose(remembered.numpy() * actions.half_width + actions.centre, executed, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(actions.encode(remembered), remembered, rtol=1e-6, atol=1e-6)


WIDE = [
    spaces.Box(np.iinfo(np.int64).min, np.iinfo(np.int64).max, (1,), np.int64),
    spaces.Box(0, np.iinfo(np.uint64).max, (1,), np.uint64),
    spaces.Box(2**63 + 1, np.iinfo(np.uint64).max - 1, (1,), np.uint64),
    spaces.Box(0, 2**53 + 1, (1,), np.int64),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("space", WIDE, ids=str)
def test_wide_bounds_are_reached_without_overflow(space: spaces.Box) -> None:
    action = Actions(space).to_env(torch.tensor([[-9.0], [-1.0], [0.0], [0.999], [1.0], [9.0]]))
    assert action.dtype == space.dtype
    assert [int(row[0]) for row in action[[0, 1, 4, 5]]] == [int(space.low[0])] * 2 + [int(space.high[0])] * 2
    assert all(space.contains(row) for row in action)
    assert (action[1:5, 0] >= action[:4, 0]).all()


EMPTY = {
    "box": (spaces.Box(-1, 1, (0,)), r"Box\(\[\], \[\], \(0,\), float32\)"),
    "tuple": (spaces.Tuple([]), r"Tuple\(\)"),
    "dict": (spaces.Dict(), r"Dict\(\)"),
    "part": (spaces.Tuple([spaces.Discrete(2), spaces.Box(-1, 1, (2, 0))]), r"Box\(.*\(2, 0\), float32\)"),
    "inner": (spaces.Dict(a=spaces.Discrete(2), b=spaces.Tuple([spaces.Tuple([])])), r"Tuple\(\)"),
    "bits": (spaces.Dict(a=spaces.Box(0, 1, (0,), np.bool_)), r"Box\(.*bool\)"),
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_space_without_actions_is_refused(name: str) -> None:
    space, words = EMPTY[name]
    with pytest.raises(
        ValueError, match=f"^action_space has {words}, which is empty; it must hold at least one action$"
    ):
        Actions(space)
