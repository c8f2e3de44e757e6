"""POBAX's T-Maze equals a literal transcription, and pays what its page says with memory and without."""

import itertools

import numpy as np
import pytest

from memorl.envs import POBAXTMaze

NORTH, SOUTH, EAST, WEST = range(4)


class Literal:
    """POBAX's maze with its own arithmetic of vectors, and a goal that it is given."""

    def __init__(self, hallway_length: int, goal_dir: int) -> None:
        self.hallway_length = hallway_length
        self.goal_dir = goal_dir
        self.grid_idx = 0

    def observe(self) -> np.ndarray:
        start, hallway, junction = np.zeros((3, 4))
        start[0] = self.goal_dir
        hallway[1] = 1
        junction[2] = 1
        in_start = (self.grid_idx == 0) * start
        in_junction = self.grid_idx == self.hallway_length + 1
        return in_start + in_junction * junction + (1 - in_start) * (1 - in_junction) * hallway

    def step(self, action: int) -> tuple[np.ndarray, float, bool]:
        in_junction = self.grid_idx == self.hallway_length + 1
        reward, done = 0.0, False
        if action < 2:
            up = action == 0
            good = up * (1 - self.goal_dir) + (1 - up) * self.goal_dir
            reward, done = (good * 4.0 + (1 - good) * -0.1) * in_junction, in_junction
            self.grid_idx += int(in_junction)
        elif action == 2:
            self.grid_idx = min(self.grid_idx + 1, self.hallway_length + 1)
        else:
            self.grid_idx = max(self.grid_idx - 1, 0)
        return self.observe(), reward, done


@pytest.mark.parametrize("hallway_length", [1, 2, 10])
def test_an_episode_is_that_of_pobax(hallway_length: int) -> None:
    envs = POBAXTMaze(num_envs=64, hallway_length=hallway_length)
    observation, _ = envs.reset(seed=0)
    literals = [Literal(hallway_length, goal) for goal in envs._state["goal"].tolist()]
    assert {literal.goal_dir for literal in literals} == {0, 1}
    assert np.array_equal(observation, [literal.observe() for literal in literals])
    random = np.random.default_rng(0)
    going = np.ones(64, np.bool_)
    returned = set()
    for _ in range(200):
        actions = random.choice(4, 64, p=[0.05, 0.05, 0.6, 0.3])
        observation, rewards, terminated, truncated, _ = envs.step(actions)
        for i in np.flatnonzero(going):
            seen, reward, done = literals[i].step(actions[i])
            assert np.array_equal(observation[i], seen)
            assert (rewards[i], terminated[i], truncated[i]) == (reward, done, False)
            returned.add(reward)
        going &= ~terminated
    assert not going.any()
    assert returned == {0.0, 4.0, -0.1}


def test_the_time_limit_is_1000_steps() -> None:
    envs = POBAXTMaze(num_envs=2)
    envs.reset(seed=0)
    for step in range(1, 1001):
        _, rewards, terminated, truncated, _ = envs.step(np.full(2, WEST))
        assert not rewards.any()
        assert not terminated.any()
        assert truncated.tolist() == [step == 1000] * 2


def test_a_turn_at_the_time_limit_is_an_end_of_the_task() -> None:
    envs = POBAXTMaze(num_envs=1, hallway_length=1)
    envs.reset(seed=0)
    for action in [WEST] * 997 + [EAST] * 2:
        envs.step(np.array([action]))
    _, rewards, terminated, truncated, infos = envs.step(np.array([NORTH]))
    assert rewards[0] in (4.0, -0.1)
    assert (terminated[0], truncated[0], infos["length"][0]) == (True, False, 1000)


def test_memory_returns_four() -> None:
    envs = POBAXTMaze(num_envs=64)
    observation, _ = envs.reset(seed=0)
    turns = np.where(observation[:, 0] == 1, SOUTH, NORTH)
    ends = np.zeros(64, np.bool_)
    while not ends.any():
        observation, _, ends, _, infos = envs.step(np.where(observation[:, 2] == 1, turns, EAST))
    assert infos["reward"].tolist() == [4.0] * 64
    assert infos["length"].tolist() == [12] * 64
    assert infos["success"].tolist() == [1] * 64


@pytest.mark.parametrize("hallway_length", [1, 3])
def test_the_best_plan_without_memory(hallway_length: int) -> None:
    """It returns 2.0, as `memoryless_return` says, or 1.95 if it turns in every episode."""
    plans = np.array(list(itertools.product(range(4), repeat=3)))  # seeing goal 1 at the start, a hallway, the junction
    some = POBAXTMaze(num_envs=64)
    some.reset(seed=range(64))
    seeds = [some._state["goal"].tolist().index(goal) for goal in (0, 1)]
    envs = POBAXTMaze(num_envs=2 * len(plans), hallway_length=hallway_length)
    observation, _ = envs.reset(seed=seeds * len(plans))
    rows = np.repeat(plans, 2, axis=0)
    returns, lengths = np.zeros((2, len(rows)))
    turned = np.zeros(len(rows), np.bool_)
    for step in range(1, 1001):
        view = np.where(observation[:, 2] == 1, 2, np.where(observation[:, 0] == 1, 0, 1))
        observation, rewards, terminated, truncated, _ = envs.step(rows[np.arange(len(rows)), view])
        going = lengths == 0
        returns[going] += rewards[going]
        turned |= going & terminated
        lengths[going & (terminated | truncated)] = step
    assert lengths.all()
    means = returns.reshape(-1, 2).mean(1)
    assert means.max() == POBAXTMaze.memoryless_return == 2.0
    assert plans[means.argmax()].tolist() in [[first, EAST, NORTH] for first in (NORTH, SOUTH, WEST)]
    assert means[turned.reshape(-1, 2).all(1)].max() == pytest.approx(1.95)
    assert lengths.min() == hallway_length + 2


def test_the_discounted_returns_of_the_page() -> None:
    returned = [round(0.99**11 * value, 2) for value in (4.0, 2.0, 1.95)]
    assert returned == [3.58, 1.79, 1.75]
