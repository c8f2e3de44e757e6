"""Spaces that a model cannot read are refused by name."""

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from memorl.agents import Interface

BOX = spaces.Box(-1, 1, (2,))
EMPTY = spaces.Box(-1, 1, (0,))


@pytest.mark.parametrize(
    ("space", "name"),
    [
        (EMPTY, "observation"),
        (spaces.Box(0, 255, (84, 84, 0), np.uint8), "observation"),
        (spaces.MultiDiscrete(np.zeros(0, np.int64)), "observation"),
        (spaces.Dict(a=EMPTY), "a"),
        (spaces.Dict({"a": BOX, "deck.0": EMPTY}), r"deck\.0"),
    ],
    ids=str,
)
def test_an_entry_of_no_numbers_is_named(space: spaces.Space, name: str) -> None:
    message = rf"^observation_space\['{name}'\] is .*, which is empty; it must hold at least one number$"
    with pytest.raises(ValueError, match=message):
        Interface(space, spaces.Discrete(2), last_action=True, last_reward=True)


@pytest.mark.parametrize("space", [None, 3, "Box", (2,)])
@pytest.mark.parametrize("name", ["observation_space", "action_space"])
def test_what_is_no_space_is_named(name: str, space: Any) -> None:
    both = {"observation_space": BOX, "action_space": spaces.Discrete(2), name: space}
    with pytest.raises(ValueError, match=rf"^{name} is .*; it must be a space of gymnasium$"):
        Interface(**both)
