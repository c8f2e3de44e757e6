"""Encoders take every supported observation."""

import numpy as np
import pytest
import torch
from gymnasium import spaces

from memorl.agents import Encoder, as_dict_space


def test_unknown_spaces_are_named() -> None:
    with pytest.raises(ValueError, match=r"observation_space\['a'\] is Text.*; it must be Box"):
        Encoder(spaces.Dict({"a": spaces.Text(3)}))
    with pytest.raises(ValueError, match=r"shape \(20, 84, 3\); it must be at least 36 x 36"):
        Encoder(as_dict_space(spaces.Box(0, 255, (20, 84, 3), np.uint8)))


@pytest.mark.parametrize(
    "space",
    [
        spaces.Box(0, 255, (84, 84, 3), np.uint8),
        spaces.Box(0, 255, (36, 40, 1), np.uint8),
        spaces.Box(-1, 1, (2, 3), np.float32),
        spaces.Discrete(3, start=2),
        spaces.MultiDiscrete([2, 5], start=[1, 0]),
        spaces.MultiBinary(4),
        spaces.Dict({"look": spaces.Box(0, 255, (84, 84, 3), np.uint8), "n": spaces.Discrete(2)}),
    ],
)
def test_every_observation_is_encoded(space: spaces.Space) -> None:
    entries = as_dict_space(space)
    encoder = Encoder(entries, 16, 8)
    samples = [entries.sample() for _ in range(3)]
    x = encoder({name: torch.as_tensor(np.stack([s[name] for s in samples])) for name in entries})
    assert x.shape == (3, 16)
    x.sum().backward()
    assert all(p.grad is not None for p in encoder.parameters())
