"""The tasks of POPGym equal POPGym's: observations, rewards and both kinds of end of recorded episodes."""

from pathlib import Path

import gymnasium
import numpy as np
import pytest
from numpy.typing import NDArray

from memorl.envs import BatchedEnv

DATA = np.load(Path(__file__).parent / "data" / "popgym.npz")
NAMES = sorted({name.split("_")[0] for name in DATA.files} - {"seeds"})


def assert_equal(ours: NDArray[np.generic], theirs: NDArray[np.generic]) -> None:
    """Floats may differ in their last digit, as mathematical libraries differ in that of a double."""
    if theirs.dtype.kind == "f":
        np.testing.assert_array_max_ulp(ours.reshape(theirs.shape), theirs, 1)
    else:
        assert np.array_equal(ours.reshape(theirs.shape), theirs)


@pytest.mark.parametrize("name", NAMES)
def test_recorded_episodes_one_after_the_other(name: str) -> None:
    seeds = DATA["seeds"].tolist()
    envs = gymnasium.make_vec(f"memorl/POPGym{name}-v0", num_envs=len(seeds))
    assert isinstance(envs, BatchedEnv)
    edges = np.cumsum(DATA[f"{name}_rows"])[:-1]
    parts = ("observations", "actions", "rewards", "ends")
    played = [
        dict(zip(parts, rows, strict=True))
        for rows in zip(*(np.split(DATA[f"{name}_{p}"], edges) for p in parts), strict=True)
    ]
    observation, _ = envs.reset(seed=seeds)
    for i, rows in enumerate(played):
        assert_equal(observation[i], rows["observations"][0])
    for t in range(1, DATA[f"{name}_rows"].max()):
        going = [(i, rows) for i, rows in enumerate(played) if t < len(rows["rewards"])]
        actions = np.zeros(envs.action_space.shape, envs.action_space.dtype)
        for i, rows in going:
            actions[i] = rows["actions"][t].reshape(actions[i].shape)
        observation, rewards, terminated, truncated, _ = envs.step(actions)
        for i, rows in going:
            assert_equal(observation[i], rows["observations"][t])
            assert_equal(rewards[i], rows["rewards"][t])
            assert [terminated[i], truncated[i]] == rows["ends"][t].tolist()
