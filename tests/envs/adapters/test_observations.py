"""Observations of other libraries' environments: their bounds, their texts, their shapes."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from memorl.agents import Encoder, Stream
from memorl.envs import FromGymnasium


class Told(gymnasium.Env[Any, Any]):
    """Shows what it is told."""

    action_space = spaces.Discrete(2)

    def __init__(self, space: spaces.Space[Any], first: Any = None, later: Any = None) -> None:
        self.observation_space = space
        self.first = space.sample() if first is None else first
        self.later = self.first if later is None else later

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        return self.first, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return self.later, 0.0, False, False, {}


gymnasium.register("Told-v0", Told)
BOX = spaces.Box(-1, 1, (2,))


@pytest.mark.parametrize(
    ("space", "texts", "names"),
    [
        (spaces.Dict(a=BOX, m=spaces.Text(5)), "m", {"a"}),
        (spaces.Dict(a=BOX, n=spaces.Dict(m=spaces.Text(5), b=BOX)), r"n\.m", {"a", "n.b"}),
        (spaces.Dict(a=BOX, n=spaces.Dict(m=spaces.Text(5))), r"n\.m", {"a"}),
        (spaces.Tuple([BOX, spaces.Text(5), BOX]), "1", {"0", "2"}),
        (spaces.Dict(a=spaces.Tuple([spaces.Text(5), spaces.Discrete(3)])), r"a\.0", {"a.1"}),
    ],
    ids=lambda case: ", ".join(sorted(case)) if isinstance(case, set) else str(case),  # a set has no order of its own
)
def test_texts_are_left_out_at_every_depth(space: spaces.Space[Any], texts: str, names: set[str]) -> None:
    with pytest.warns(UserWarning, match=f"has texts, which are left out: {texts}$"):
        stream = Stream(FromGymnasium("Told-v0", num_envs=2, space=space))
    assert set(stream.observation_space) == names
    assert set(stream.reset(0).obs) == names
    assert set(stream.step(torch.zeros(2, 1, dtype=torch.int64)).obs) == names


WRONG = [
    (BOX, np.zeros(3, np.float32), r"the observation of <Told.*> has shape \(3,\); it must be \(2,\)"),
    (
        spaces.Dict(a=BOX, b=BOX),
        {"a": np.zeros(2), "b": np.zeros((2, 1))},
        r"the entry 'b' of .* has shape \(2, 1\); it",
    ),
    (spaces.Dict(a=BOX, b=BOX), {"a": np.zeros(2)}, r"has the entries a; it must have a, b"),
    (spaces.Box(0, 255, (2,), np.uint8), np.full(2, 0.5), r"has type float64; it must be uint8"),
    (spaces.Box(0, 255, (2,), np.uint8), np.array([3, 4]), r"has type int64; it must be uint8"),
]


@pytest.mark.parametrize(("space", "wrong", "message"), WRONG, ids=str)
def test_another_shape_is_named(space: spaces.Space[Any], wrong: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FromGymnasium("Told-v0", space=space, first=wrong).reset(seed=0)
    env = FromGymnasium("Told-v0", space=space, later=wrong)
    env.reset(seed=0)
    with pytest.raises(ValueError, match=message):
        env.step(np.zeros(1, np.int64))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("wrappers", "largest", "layout"),
    [
        ([], 10, "hwc"),
        (["FullyObsWrapper"], 10, "hwc"),
        (["OneHotPartialObsWrapper"], 1, "hwc"),
        (["OneHotPartialObsWrapper", "ImgObsWrapper"], 1, "hwc"),
        (["FlatObsWrapper"], 10, "vector"),
        (["SymbolicObsWrapper"], 18, "hwc"),
        (["RGBImgPartialObsWrapper"], 255, "hwc"),
    ],
    ids=str,
)
def test_what_minigrid_shows_varies_as_numbers_from_0_to_1_do(wrappers: list[str], largest: int, layout: str) -> None:
    if "SymbolicObsWrapper" in wrappers:
        pytest.importorskip(
            "minigrid", "3.1", reason="before, it shows int64 in a space of uint8, which Gymnasium refuses"
        )
    pytest.importorskip("minigrid")
    paths = [f"minigrid.wrappers.{name}" for name in wrappers]
    stream = Stream(FromGymnasium("MiniGrid-FourRooms-v0", num_envs=16, wrappers=paths))
    obs = stream.reset(0).obs
    torch.manual_seed(0)
    encoder = Encoder(stream.observation_space, 64, 64)
    name = "image" if "image" in obs else "observation"
    space = stream.observation_space[name]
    assert isinstance(space, spaces.Box)
    assert space.high.max() == largest
    assert encoder.layouts[name] == layout
    with torch.no_grad():
        features = encoder.parts[list(stream.observation_space).index(name)](obs[name])
    assert 0.003 < features.std(0).mean() < 1
    assert obs[name].max() <= largest
