"""T-Maze equals that of the paper step by step, and pays what its page says with memory and without."""

import itertools
from collections import defaultdict
from copy import copy
from typing import Any

import numpy as np
import pytest

from memorl.envs import TMaze

EAST, NORTH, WEST, SOUTH = range(4)
MOVES = {EAST: (1, 0), NORTH: (0, 1), WEST: (-1, 0), SOUTH: (0, -1)}


class Literal:
    """The maze of the paper as a map of free tiles, with a goal that it is given."""

    def __init__(self, corridor_length: int, oracle_distance: int, goal: int) -> None:
        self.corridor_length = corridor_length
        self.oracle_distance = oracle_distance
        self.goal = goal
        junction = oracle_distance + corridor_length
        self.tiles = {(x, 0) for x in range(junction + 1)} | {(junction, 1), (junction, -1)}
        self.tile = (oracle_distance, 0)
        self.oracle_visited = False
        self.time_step = 0

    def observe(self) -> tuple[int, int]:
        x, y = self.tile
        if x == 0:
            exposure = 0 if self.oracle_visited else self.goal
            self.oracle_visited = True
            return 0, exposure
        return (0, 0) if x < self.oracle_distance + self.corridor_length else (1, y)

    def step(self, action: int) -> tuple[tuple[int, int], float, bool]:
        self.time_step += 1
        tile = (self.tile[0] + MOVES[action][0], self.tile[1] + MOVES[action][1])
        self.tile = tile if tile in self.tiles else self.tile
        done = self.time_step >= self.corridor_length + 2 * self.oracle_distance + 1
        late = self.tile[0] < self.time_step - self.oracle_distance
        reward = float(self.tile[1] == self.goal) if done else float(late) * (-1.0 / self.corridor_length)
        return self.observe(), reward, done


@pytest.mark.parametrize("oracle_distance", [0, 1, 2])
@pytest.mark.parametrize("corridor_length", [1, 2, 7, 50])
@pytest.mark.parametrize("east", [0.25, 0.8], ids=["random", "mostly east"])
def test_an_episode_is_that_of_the_paper(corridor_length: int, oracle_distance: int, east: float) -> None:
    envs = TMaze(num_envs=64, corridor_length=corridor_length, oracle_distance=oracle_distance)
    observation, _ = envs.reset(seed=0)
    goals = envs._state["goal"]
    assert set(goals) == {-1, 1}
    literals = [Literal(corridor_length, oracle_distance, goal) for goal in goals]
    assert np.array_equal(observation, [literal.observe() for literal in literals])
    random = np.random.default_rng(0)
    share = (1 - east) / 3
    for _ in range(corridor_length + 2 * oracle_distance + 1):
        actions = random.choice(4, 64, p=[east, share, share, share])
        observation, rewards, terminated, truncated, _ = envs.step(actions)
        outcomes = [literal.step(action) for literal, action in zip(literals, actions.tolist(), strict=True)]
        for ours, theirs in zip((observation, rewards, terminated), zip(*outcomes, strict=True), strict=True):
            assert np.array_equal(ours, theirs)
        assert not truncated.any()
    assert terminated.all()


@pytest.mark.parametrize(("corridor_length", "oracle_distance"), [(1, 0), (50, 0), (1500, 0), (1, 1), (20, 1), (9, 4)])
def test_memory_returns_one(corridor_length: int, oracle_distance: int) -> None:
    envs = TMaze(num_envs=16, corridor_length=corridor_length, oracle_distance=oracle_distance)
    observation, _ = envs.reset(seed=0)
    seen = np.zeros(16)
    ends = np.zeros(16, np.bool_)
    while not ends.any():
        at_junction = observation[:, 0] == 1
        seen = np.where(~at_junction & (observation[:, 1] != 0), observation[:, 1], seen)
        turn = np.where(seen > 0, NORTH, SOUTH)
        actions = np.where(at_junction, turn, np.where(seen == 0, WEST, EAST))
        observation, _, ends, _, infos = envs.step(actions)
    assert infos["reward"].tolist() == [1.0] * 16
    assert infos["success"].tolist() == [1] * 16
    assert infos["length"].tolist() == [corridor_length + 2 * oracle_distance + 1] * 16


VIEWS = [(0, 0), (0, 1), (0, -1), (1, 0), (1, 1), (1, -1)]


@pytest.mark.parametrize(("corridor_length", "oracle_distance"), [(1, 0), (3, 0), (1, 1), (3, 1)])
def test_no_plan_from_views_to_actions_returns_more_than_half(corridor_length: int, oracle_distance: int) -> None:
    plans = np.array(list(itertools.product(range(4), repeat=len(VIEWS))))
    arguments = {"corridor_length": corridor_length, "oracle_distance": oracle_distance}
    some = TMaze(num_envs=64, **arguments)
    some.reset(seed=range(64))
    south, north = (int(some._state["goal"].tolist().index(goal)) for goal in (-1, 1))
    envs = TMaze(num_envs=2 * len(plans), **arguments)
    observation, _ = envs.reset(seed=[south, north] * len(plans))
    rows = np.repeat(plans, 2, axis=0)
    ends = np.zeros(len(rows), np.bool_)
    while not ends.any():
        view = sum(i * (observation == seen).all(1) for i, seen in enumerate(VIEWS))
        observation, _, ends, _, infos = envs.step(rows[np.arange(len(rows)), view])
    assert infos["reward"].reshape(-1, 2).mean(1).max() == envs.memoryless_return


def expected_return(policy: dict[Any, np.ndarray], corridor_length: int, oracle_distance: int) -> float:
    """What a policy from views to probabilities returns on average, by all ways that an episode can go."""
    total = 0.0
    for goal in (-1, 1):
        maze = Literal(corridor_length, oracle_distance, goal)
        ways = [(1.0, maze.observe(), maze)]
        while not (done := ways[0][2].time_step > corridor_length + 2 * oracle_distance):
            merged: dict[Any, list[Any]] = defaultdict(lambda: [0.0, None, None])
            for chance, view, maze in ways:
                for action in range(4):
                    after = copy(maze)
                    seen, reward, done = after.step(action)
                    weight = chance * policy[view][action]
                    total += weight * reward / 2
                    way = merged[after.tile, after.oracle_visited, seen]
                    way[0], way[1], way[2] = way[0] + weight, seen, after
            ways = [(chance, view, maze) for chance, view, maze in merged.values()]
        assert done
    return total


@pytest.mark.parametrize(("corridor_length", "oracle_distance"), [(1, 0), (1, 1), (2, 1)])
def test_no_random_policy_without_memory_returns_more_than_half(corridor_length: int, oracle_distance: int) -> None:
    """A climb over probabilities comes near 1/2, where the plans are, and never beyond it."""
    random = np.random.default_rng(0)
    best = -np.inf
    for _ in range(3):
        weights = random.exponential(size=(6, 4))
        reached = -np.inf
        for _ in range(150):
            tried = weights * np.exp(random.normal(size=(6, 4)))
            policy = dict(zip(VIEWS, tried / tried.sum(1, keepdims=True), strict=True))
            value = expected_return(policy, corridor_length, oracle_distance)
            if value > reached:
                weights, reached = tried, value
        best = max(best, reached)
    assert 0.3 < best < 0.5 + 1e-9


def test_options_of_one_episode() -> None:
    envs = TMaze(num_envs=2)
    envs.reset(options={"corridor_length": 3, "oracle_distance": 2})
    assert [envs.step(np.zeros(2, np.int64))[2].all() for _ in range(8)] == [False] * 7 + [True]
