"""The classic tasks without velocities equal Gymnasium's with a mask, and pay what their pages say."""

from collections.abc import Callable

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import VectorEnv

from memorl.envs import CartPoleNoVel, PendulumNoVel

Play = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""Actions [N] for what Gymnasium shows, velocities included [N, V]."""


def push(seen: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return random.integers(0, 2, len(seen))


def balance(seen: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return (seen @ [0.5, 1.0, 10.0, 2.0] > 0).astype(np.int64)


def turn(seen: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return random.uniform(-3, 3, (len(seen), 1)).astype(np.float32)


def spin(seen: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return np.sign(seen[:, 2:]).astype(np.float32) * 2


@pytest.mark.parametrize(
    ("task", "id", "mask", "play"),
    [
        (CartPoleNoVel, "CartPole-v1", [1, 0, 1, 0], push),
        (CartPoleNoVel, "CartPole-v1", [1, 0, 1, 0], balance),
        (PendulumNoVel, "Pendulum-v1", [1, 1, 0], turn),
        (PendulumNoVel, "Pendulum-v1", [1, 1, 0], spin),
    ],
)
def test_the_same_seed_and_actions_give_gymnasiums_episodes(
    task: type[VectorEnv], id: str, mask: list[int], play: Play
) -> None:
    """Floats may differ in their last digit, as mathematical libraries differ in that of a double."""
    ours = task(num_envs=8)
    theirs = gymnasium.make_vec(id, num_envs=8, vectorization_mode="sync")
    assert ours.single_observation_space == theirs.single_observation_space
    assert ours.single_action_space == theirs.single_action_space
    observation, _ = ours.reset(seed=3)
    seen, _ = theirs.reset(seed=3)
    random = np.random.default_rng(0)
    ended = np.zeros(2, np.int64)
    for _ in range(1100):
        np.testing.assert_array_max_ulp(observation, seen * np.array(mask, np.float32), 1)
        actions = play(seen, random)
        observation, rewards, *ends, _ = ours.step(actions)
        seen, expected, *their_ends, _ = theirs.step(actions)
        np.testing.assert_array_max_ulp(rewards.astype(np.float32), expected.astype(np.float32), 1)
        assert np.array_equal(ends, their_ends)
        ended += np.sum(ends, axis=1)
    assert ended.sum() >= 16


def mean_return(task: type[VectorEnv], episodes: int, play: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The returns of the first episode of each of so many envs."""
    envs = task(num_envs=episodes, copy=False)
    observation, _ = envs.reset(seed=0)
    returns = np.zeros(episodes)
    going = np.ones(episodes, np.bool_)
    while going.any():
        observation, rewards, terminated, truncated, _ = envs.step(play(observation))
        returns[going] += rewards[going]
        going &= ~(terminated | truncated)
    return returns


def test_a_pole_is_balanced_by_differences_of_two_observations() -> None:
    before: list[np.ndarray] = []

    def play(observation: np.ndarray) -> np.ndarray:
        seen = observation[:, [0, 2]].astype(float)
        speeds = (seen - before[-1]) / 0.02 if before else np.zeros_like(seen)
        before.append(seen)
        return (seen @ [0.5, 10.0] + speeds @ [1.0, 2.0] > 0).astype(np.int64)

    assert set(mean_return(CartPoleNoVel, 300, play)) == {500.0}


WAVES = [
    0.07, 5.88, 0.14, 1.02, 0.43, 0.41, 0.28, -0.07, -1.72, -1.2, 0.27, 0.32, 1.69, 0.23, -0.17, -0.29, 0.83, -0.28,
    -2.05, -2.54, -1.69, 0.21, 14.07, 8.88, 4.38, 0.38, -0.27, -0.7, 1.0, 0.27,
]  # fmt: skip


def wave(observation: np.ndarray) -> np.ndarray:
    """The best policy without memory that a search found: by powers, and by sines of the angle."""
    x, a = observation[:, 0] / 2.4, observation[:, 2] / 0.21
    k = np.arange(1, 25)
    powers = np.stack([x, a, x**3, a**3, a * np.abs(x), x * np.abs(a)], axis=1)
    sines = np.sin(2 * k * a[:, None]) / np.sqrt(k)
    return (np.concatenate([powers, sines], axis=1) @ WAVES > 0).astype(np.int64)


def lean(observation: np.ndarray) -> np.ndarray:
    return (observation[:, 2] > 0).astype(np.int64)


def test_a_pole_falls_without_memory() -> None:
    assert mean_return(CartPoleNoVel, 2000, lean).mean() == pytest.approx(41, abs=2)
    assert mean_return(CartPoleNoVel, 4000, wave).mean() == pytest.approx(127, abs=5)


ANGLES = np.linspace(-np.pi, np.pi, 121, endpoint=False)
SPEEDS = np.linspace(-8, 8, 97)
TORQUES = np.linspace(-2, 2, 9)


def costs_after(table: np.ndarray, angle: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """The costs to go after each torque, between the places of the table."""
    speed = np.clip(speed[..., None] + (15 * np.sin(angle)[..., None] + 3 * TORQUES) * 0.05, -8, 8)
    turns = ((angle[..., None] + speed * 0.05 + np.pi) / (2 * np.pi) % 1) * len(ANGLES)
    i = turns.astype(int) % len(ANGLES)
    places = (speed + 8) / 16 * (len(SPEEDS) - 1)
    j = np.minimum(places.astype(int), len(SPEEDS) - 2)
    part = places - j
    below, above = (table[k, j] * (1 - part) + table[k, j + 1] * part for k in (i, (i + 1) % len(ANGLES)))
    return below + (above - below) * (turns % 1) + 0.001 * TORQUES**2


def test_the_optimum_of_the_pendulum_and_what_two_angles_reach() -> None:
    angle, speed = np.meshgrid(ANGLES, SPEEDS, indexing="ij")
    tables = [np.zeros(angle.shape)]
    for _ in range(200):
        tables.append(angle**2 + 0.1 * speed**2 + costs_after(tables[-1], angle, speed).min(-1))
    assert -tables[200][:, np.abs(SPEEDS) <= 1].mean() == pytest.approx(-139, abs=2)
    before: list[np.ndarray] = []

    def play(observation: np.ndarray) -> np.ndarray:
        angle = np.arctan2(observation[:, 1], observation[:, 0]).astype(float)
        turned = (angle - before[-1] + np.pi) % (2 * np.pi) - np.pi if before else 0 * angle
        before.append(angle)
        best = costs_after(tables[200 - len(before)], angle, turned / 0.05).argmin(1)
        return TORQUES[best].astype(np.float32)[:, None]

    assert mean_return(PendulumNoVel, 1000, play).mean() == pytest.approx(-140, abs=8)


def test_a_pendulum_is_not_held_without_memory() -> None:
    def play(observation: np.ndarray) -> np.ndarray:
        angle = np.arctan2(observation[:, 1], observation[:, 0])
        return (-8 * np.sin(angle) - 4.6 * np.sin(3 * angle))[:, None]

    assert mean_return(PendulumNoVel, 2000, lambda seen: 0 * seen[:, :1]).mean() == pytest.approx(-1210, abs=25)
    assert mean_return(PendulumNoVel, 4000, play).mean() == pytest.approx(-1025, abs=20)
