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


def test_a_space_without_actions_is_refused() -> None:
    with pytest.raises(ValueError, match=r"action_space is Tuple\(\); it must hold at least one action"):
        Actions(spaces.Tuple([]))
