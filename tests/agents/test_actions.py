"""Actions reach the environment inside its space."""

import numpy as np
import pytest
import torch
from gymnasium import spaces

from memorl.agents import Actions
from memorl.agents.heads import PolicyHead


@pytest.mark.parametrize(
    "space",
    [
        spaces.Discrete(3),
        spaces.Discrete(3, start=-1),
        spaces.MultiDiscrete([2, 5]),
        spaces.Box(-1, 1, (2, 3), np.float32),
        spaces.Box(np.float64(-0.1), np.float64(0.1), (1,), np.float64),
    ],
)
def test_every_action_reaches_the_environment_inside_its_space(space: spaces.Space) -> None:
    actions = Actions(space)
    policy = PolicyHead(8, actions)(torch.randn(1, 50, 8))
    action = policy.sample()[0]
    assert policy.log_prob(action[None]).shape == (1, 50, actions.branches)
    sent = actions.to_env(action)
    assert all(space.contains(a if sent.ndim > 1 else np.int64(a)) for a in sent)
    assert actions.encode(action).shape == (50, actions.feature_size)


def test_unknown_action_spaces_are_named() -> None:
    with pytest.raises(ValueError, match=r"action_space is Text.*; it must be Discrete"):
        Actions(spaces.Text(3))
