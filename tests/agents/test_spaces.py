"""Spaces survive the way through plain containers."""

import numpy as np
import pytest
import torch
from gymnasium import spaces

from memorl.agents import space_from_plain, space_to_plain

SPACES = [
    spaces.Box(-1, 1, (2, 3)),
    spaces.Box(0, 255, (4, 4, 3), np.uint8),
    spaces.Box(np.array([-np.inf, 0]), np.array([np.inf, 1e-3]), dtype=np.float64),
    spaces.Box(-1, 1, ()),
    spaces.Discrete(3, start=-1),
    spaces.MultiDiscrete([3, 4], start=[1, 2]),
    spaces.MultiDiscrete([[3, 4], [5, 6]]),
    spaces.MultiBinary([2, 2]),
    spaces.Dict({"b": spaces.Discrete(2), "a": spaces.Tuple([spaces.Box(-1, 1, (1,)), spaces.Discrete(2)])}),
]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_a_space_is_the_same_again(space: spaces.Space, tmp_path: object) -> None:
    plain = space_to_plain(space)
    torch.save(plain, f"{tmp_path}/space")
    again = space_from_plain(torch.load(f"{tmp_path}/space", weights_only=True))
    assert again == space
    assert again.dtype == space.dtype
    if isinstance(space, spaces.Dict):
        assert list(again) == list(space)


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"kind": "Graph"},
        {"kind": "Box"},
        {"kind": "Box", "low": [0, 1], "high": 1, "shape": [3], "dtype": "float32"},
        {"kind": "Box", "low": 0, "high": 1, "shape": [3], "dtype": "nothing"},
        {"kind": "Discrete", "n": -1, "start": 0, "dtype": "int64"},
        {"kind": "Dict", "parts": [1]},
        {"kind": "Tuple", "parts": [{"kind": "Discrete"}]},
    ],
    ids=str,
)
def test_what_is_no_space_is_refused(plain: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a space"):
        space_from_plain(plain)
