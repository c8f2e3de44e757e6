"""MaskVelocity shows zeros in the place of velocities, in environments that are made by name."""

import gymnasium
import numpy as np
import pytest

from memorl import envs
from memorl.envs import CartPoleNoVel, MaskVelocity
from memorl.envs.adapters.mask_velocity import VELOCITIES

IDS = ["Acrobot-v1", "CartPole-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Pendulum-v1"]


@pytest.mark.parametrize("id", IDS)
def test_the_velocities_are_zero_and_the_rest_is_gymnasiums(id: str) -> None:
    masked = envs.make(id, num_envs=3, wrappers="memorl.envs.MaskVelocity")
    plain = envs.make(id, num_envs=3)
    assert masked.single_observation_space == plain.single_observation_space
    observation, seen = masked.reset(seed=0)[0], plain.reset(seed=0)[0]
    hidden = list(VELOCITIES[id.rpartition("-v")[0]])
    plain.action_space.seed(0)
    moved = False
    for _ in range(30):
        assert not observation[:, hidden].any()
        assert np.array_equal(np.delete(observation, hidden, 1), np.delete(seen, hidden, 1))
        moved |= bool(seen[:, hidden].any())
        actions = plain.action_space.sample()
        observation, seen = masked.step(actions)[0], plain.step(actions)[0]
    assert moved


def test_it_shows_what_the_native_task_shows() -> None:
    masked = envs.make("CartPole-v1", num_envs=3, wrappers="memorl.envs.MaskVelocity")
    native = CartPoleNoVel(num_envs=3)
    np.testing.assert_array_max_ulp(masked.reset(seed=0)[0], native.reset(seed=0)[0], 1)


def test_entries_may_be_named() -> None:
    env = MaskVelocity(gymnasium.make("CartPole-v1"), entries=[0])
    assert np.flatnonzero(env.reset(seed=0)[0]).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("id", "entries", "said"),
    [
        ("Blackjack-v1", None, "entries is None; it must be a list for Blackjack"),
        ("Blackjack-v1", [0], "the observations are Tuple"),
        ("CartPole-v1", [4], r"entries is \[4\]; it must be a list of whole numbers from 0 to 3"),
    ],
)
def test_what_it_cannot_mask_is_named(id: str, entries: list[int] | None, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        MaskVelocity(gymnasium.make(id), entries)
