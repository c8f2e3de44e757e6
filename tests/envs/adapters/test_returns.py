"""What an environment returns, and what its constructor raises, is named where it cannot be used."""

from decimal import Decimal
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv

from memorl.agents import Stream
from memorl.envs import FromGymnasium, InvalidReturn, NextStep

BOX = spaces.Box(-1, 1, (2,))
OBS = np.zeros(2, np.float32)


class Returning(gymnasium.Env[Any, Any]):
    """Returns what it is told."""

    def __init__(self, reset: Any = (OBS, {}), step: Any = (OBS, 1.0, False, False, {}), **members: Any) -> None:
        self.observation_space = BOX
        self.action_space = spaces.Discrete(2)
        self.returned = {"reset": reset, "step": step}
        for name, value in members.items():
            if value == "missing":
                delattr(self, name)
            else:
                setattr(self, name, value)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        return self.returned["reset"]

    def step(self, action: Any) -> Any:
        return self.returned["step"]


gymnasium.register("Returning-v0", Returning)

LOOP: dict[str, Any] = {"a": 1}
LOOP["loop"] = LOOP
DEEP: dict[str, Any] = {}
for _ in range(2000):
    DEEP = {"deeper": DEEP}


def play(**arguments: Any) -> Stream:
    stream = Stream(FromGymnasium("Returning-v0", num_envs=2, **arguments))
    stream.reset(0)
    stream.step(torch.zeros(2, 1, dtype=torch.int64))
    return stream


@pytest.mark.parametrize("space", [None, "missing", 3], ids=str)
@pytest.mark.parametrize("name", ["observation_space", "action_space"])
def test_a_space_that_is_none_is_named(name: str, space: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{name} of <Returning.*> is .*; it must be a space of gymnasium$"):
        play(**{name: space})


RETURNS = [
    ({"reset": None}, "reset of .* returned NoneType; it must return an observation and infos"),
    ({"reset": OBS}, "reset of .* returned ndarray; it must return an observation and infos"),
    ({"reset": (OBS, None)}, "infos of .* is None; it must be a dictionary"),
    (
        {"step": None},
        "step of .* returned NoneType; it must return an observation, a reward, terminated, truncated and",
    ),
    ({"step": (OBS, 1.0, False, {})}, "step of .* returned 4 values; it must return an observation, a reward"),
    ({"step": (OBS, None, False, False, {})}, "reward of .* is None; it must be one number"),
    ({"step": (OBS, "1", False, False, {})}, "reward of .* is '1'; it must be one number"),
    ({"step": (OBS, np.ones(2), False, False, {})}, r"reward of .* is array\(\[1., 1.\]\); it must be one number"),
    ({"step": (OBS, [], False, False, {})}, r"reward of .* is \[\]; it must be one number"),
    ({"step": (OBS, 1.0, None, False, {})}, "terminated of .* is None; it must be one number"),
    ({"step": (OBS, 1.0, False, "no", {})}, "truncated of .* is 'no'; it must be one number"),
    ({"step": (OBS, 1.0, False, False, None)}, "infos of .* is None; it must be a dictionary"),
    ({"step": (OBS, 1.0, False, False, [3])}, r"infos of .* is \[3\]; it must be a dictionary"),
    ({"step": (OBS, 1.0, False, False, LOOP)}, "infos of .* are nested in more than 32 dictionaries, or contain them"),
    ({"step": (OBS, 1.0, False, False, DEEP)}, "infos of .* are nested in more than 32 dictionaries, or contain them"),
    ({"reset": (OBS, LOOP)}, "infos of .* are nested in more than 32 dictionaries, or contain themselves"),
]


@pytest.mark.parametrize(("arguments", "message"), RETURNS, ids=[message for _, message in RETURNS])
def test_what_no_environment_returns_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidReturn, match=f"^{message.replace('of .*', 'of <Returning.*>')}"):
        play(**arguments)


@pytest.mark.parametrize("infos", [None, LOOP, 3], ids=["None", "loop", "3"])
def test_infos_in_a_batch_of_the_users_own_are_named(infos: Any) -> None:
    batch = NextStep(SyncVectorEnv([partial(Returning, (OBS, infos))] * 2))
    with pytest.raises(InvalidReturn, match=r"^infos of env 0 (is|are) "):
        Stream(batch).reset(0)


NUMBERS = [1, True, np.array(1), np.array([1.0]), np.array([[1]]), torch.tensor(1.0), torch.ones(1, requires_grad=True)]


@pytest.mark.parametrize("number", [*NUMBERS, [1.0], (1,), Decimal(1), np.bool_(True), np.float16(1)], ids=repr)
def test_what_holds_one_number_is_that_number(number: Any) -> None:
    stream = play(step=(OBS, number, number, number, {}))
    assert stream.current_step.reward.tolist() == [1, 1]
    assert stream.current_step.terminal.tolist() == [True, True]


@pytest.mark.parametrize(
    ("id", "arguments", "message"),
    [
        ("FrozenLake-v1", {"map_name": "9x9"}, "FrozenLake-v1 cannot be made: KeyError: '9x9'"),
        ("Raising-v0", {"error": AssertionError()}, "Raising-v0 cannot be made: AssertionError$"),
        ("Raising-v0", {"error": AssertionError("no map")}, "Raising-v0 cannot be made: AssertionError: no map$"),
        ("Raising-v0", {"error": IndexError("level")}, "Raising-v0 cannot be made: IndexError: level$"),
        ("Raising-v0", {"error": gymnasium.error.Error("no such map")}, "Raising-v0 cannot be made: no such map$"),
        ("Raising-v0", {"error": ZeroDivisionError()}, "Raising-v0 cannot be made: ZeroDivisionError$"),
    ],
    ids=str,
)
def test_the_kind_of_an_error_is_said_where_its_text_is_not_enough(
    id: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        FromGymnasium(id, **arguments)


def raise_error(error: Exception) -> gymnasium.Env[Any, Any]:
    raise error


gymnasium.register("Raising-v0", raise_error)
