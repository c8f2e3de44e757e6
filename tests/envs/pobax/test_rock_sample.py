"""POBAX's RockSample equals a literal transcription that is fed the same draws."""

from typing import Any

import numpy as np
import pytest

from memorl.envs import POBAXRockSample

NORTH, EAST, SOUTH, WEST = range(4)
MOVES = np.array([[-1, 0], [0, 1], [1, 0], [0, -1]])


class Literal:
    """POBAX's RockSample with its own arithmetic of vectors, and draws of a stream that it is given."""

    def __init__(self, size: int, rock_positions: np.ndarray, random: np.random.Generator) -> None:
        self.size = size
        self.rock_positions = rock_positions
        self.random = random
        self.rock_morality = np.array([random.integers(0, 2) for _ in rock_positions])
        self.position = np.array(np.divmod(random.integers(0, size * (size - 1)), size - 1))

    def observe(self, action: int) -> np.ndarray:
        rocks = np.zeros(len(self.rock_positions))
        if action > 4:
            rock = action - 5
            dist = np.linalg.norm(self.position - self.rock_positions[rock], ord=2)
            prob = (1 + np.power(2.0, -dist / 20.0)) * 0.5
            seen = self.rock_morality[rock]
            seen = seen if self.random.random() < prob else 1 - seen
            rocks[rock] = (seen == 0) * -1 + seen
        eye = np.eye(self.size)
        return np.concatenate([eye[self.position[0]], eye[self.position[1]], rocks])

    def step(self, action: int) -> tuple[np.ndarray, float, bool]:
        reward = 0.0
        if action == 4:
            here = (self.rock_positions == self.position).all(-1).astype(int)
            reward = float(here @ (10 * self.rock_morality - 10 * (1 - self.rock_morality)))
            self.rock_morality = np.maximum(self.rock_morality - here, 0)
        if action < 4:
            self.position = np.clip(self.position + MOVES[action], 0, self.size - 1)
        terminal = bool(self.position[1] == self.size - 1)
        return self.observe(action), reward + terminal * 10.0, terminal


@pytest.mark.parametrize(("size", "rocks"), [(2, 2), (5, 5), (11, 11), (15, 15)])
def test_an_episode_is_that_of_pobax(size: int, rocks: int) -> None:
    envs = POBAXRockSample(num_envs=32, size=size, rocks=rocks, map_seed=4)
    observation, _ = envs.reset(seed=0)
    places = envs._params["places"][-1, :rocks]
    assert len(np.unique(places, axis=0)) == rocks
    assert (places[:, 0] < size).all()
    assert (places[:, 1] < size - 1).all()
    literals = [Literal(size, places, np.random.default_rng(seed)) for seed in range(32)]
    assert np.array_equal(observation, [literal.observe(NORTH) for literal in literals])
    random = np.random.default_rng(0)
    going = np.ones(32, np.bool_)
    paid = set()
    chances = np.array([0.14, 0.15, 0.14, 0.14, 0.2] + [0.23 / rocks] * rocks)
    for _ in range(900):
        actions = random.choice(5 + rocks, 32, p=chances)
        observation, rewards, terminated, truncated, _ = envs.step(actions)
        for i in np.flatnonzero(going):
            seen, reward, done = literals[i].step(actions[i])
            assert np.array_equal(observation[i], seen)
            assert (rewards[i], terminated[i], truncated[i]) == (reward, done, False)
            paid.add(reward)
        going &= ~terminated
    assert going.sum() < 8
    assert paid == {-10.0, 0.0, 10.0}


def test_the_time_limit_is_1000_steps() -> None:
    envs = POBAXRockSample(num_envs=2)
    envs.reset(seed=0)
    for step in range(1, 1001):
        _, _, terminated, truncated, _ = envs.step(np.full(2, WEST))
        assert not terminated.any()
        assert truncated.tolist() == [step == 1000] * 2


def test_a_map_seed_of_one_episode() -> None:
    envs = POBAXRockSample(num_envs=3)
    envs.reset(options={"map_seed": 7})
    other = POBAXRockSample(map_seed=7)
    assert np.array_equal(envs._params["places"][0], other._params["places"][-1])
    assert not np.array_equal(envs._params["places"][0], envs._params["places"][-1])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"size": 1}, "size is 1; it must be a whole number from 2 to 64"),
        ({"rocks": 65}, "rocks is 65; it must be a whole number from 1 to 64"),
        ({"size": 3, "rocks": 7}, "rocks is 7; it must be at most 6, the tiles that rocks may lie on"),
        ({"map_seed": -1}, "map_seed is -1; it must be a whole number from 0 to 2147483648"),
    ],
)
def test_what_cannot_be_is_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}$"):
        POBAXRockSample(**arguments)
