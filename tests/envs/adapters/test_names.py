"""Ids and entries with doubtful names are refused, and nothing is guessed."""

from typing import Any

import gymnasium
import pytest
from gymnasium import spaces

from memorl.envs import FromGymnasium


class Named(gymnasium.Env[Any, Any]):
    """Has any observation space."""

    action_space = spaces.Discrete(2)

    def __init__(self, space: spaces.Space[Any]) -> None:
        self.observation_space = space


gymnasium.register("Named-v0", Named)
BOX = spaces.Box(-1, 1, (1,))


@pytest.mark.parametrize(
    ("space", "says"),
    [
        (spaces.Dict({"a.b": BOX, "a": spaces.Dict({"b": BOX})}), "two entries that are named 'a.b'"),
        (spaces.Dict({"a.0": BOX, "a": spaces.Tuple([BOX])}), "two entries that are named 'a.0'"),
        (spaces.Dict({}), r"has an empty entry, Dict\(\); every entry must hold something"),
        (spaces.Tuple([]), r"has an empty entry, Tuple\(\); every entry must hold something"),
        (spaces.Dict({"a": spaces.Dict({}), "b": BOX}), r"has an empty entry, Dict\(\); every entry must hold"),
    ],
    ids=str,
)
def test_doubtful_entries_are_refused(space: spaces.Space[Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        FromGymnasium("Named-v0", space=space)


def test_an_id_without_its_version_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^env\.id is 'CartPole'; it must name a version: CartPole-v0 or CartPole-v1"):
        FromGymnasium("CartPole")
    with pytest.raises(ValueError, match=r"^env\.id is 'CartPole-v7'; the nearest known are CartPole-v1"):
        FromGymnasium("CartPole-v7")


@pytest.mark.parametrize("id", [".package:Env-v0", "..:Env", "package..module:Env-v0", ":Env-v0"])
def test_a_module_without_a_name_is_refused(id: str) -> None:
    with pytest.raises(ValueError, match=r"^env\.id is '"):
        FromGymnasium(id)


def test_a_wrapper_in_a_module_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"it must be the name of a module, such as package\.module"):
        FromGymnasium("CartPole-v1", wrappers=["..x.Y"])


def test_what_is_no_environment_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^env\.id is 'collections:Counter'; Counter in it must be a gymnasium\.Env"):
        FromGymnasium("collections:Counter")
