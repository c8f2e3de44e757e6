"""POBAX's RockSample pays what its page says with memory and without."""

from collections.abc import Callable

import numpy as np
import pytest

from memorl.envs import POBAXRockSample

NORTH, EAST, SOUTH, WEST, SAMPLE, CHECK = range(6)

Play = Callable[[int, np.ndarray], int]
"""The action of env i for what it shows."""


def returns(envs: POBAXRockSample, play: Play) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The returns and discounted returns of the first episode of each env, and its number of good rocks."""
    observation, _ = envs.reset(seed=0)
    good = envs._state["is_good"].sum(1)
    plain, discounted = np.zeros((2, envs.num_envs))
    going = np.ones(envs.num_envs, np.bool_)
    discount = 1.0
    while going.any():
        actions = [play(i, seen) if going[i] else NORTH for i, seen in enumerate(observation)]
        observation, rewards, terminated, truncated, _ = envs.step(np.array(actions))
        plain[going] += rewards[going]
        discounted[going] += discount * rewards[going]
        discount *= 0.99
        going &= ~(terminated | truncated)
    return plain, discounted, good


def places_of(envs: POBAXRockSample) -> dict[tuple[int, int], int]:
    return {(int(y), int(x)): rock for rock, (y, x) in enumerate(envs._params["places"][-1, :11])}


def tile_of(seen: np.ndarray) -> tuple[int, int]:
    return int(seen[:11].argmax()), int(seen[11:22].argmax())


def test_memory_finds_every_good_rock_and_reaches_the_optimum() -> None:
    """It goes to the nearest rock that it has not been at, checks it there, samples it if it is good, and leaves."""
    envs = POBAXRockSample(num_envs=600)
    places = places_of(envs)
    todo = [set(places) for _ in range(600)]

    def play(i: int, seen: np.ndarray) -> int:
        y, x = tile_of(seen)
        if (y, x) in todo[i]:
            sensed = seen[22 + places[y, x]]
            if sensed == 0:
                return CHECK + places[y, x]
            todo[i].remove((y, x))
            if sensed > 0:
                return SAMPLE
        if not todo[i]:
            return EAST
        far_y, far_x = min(sorted(todo[i]), key=lambda tile: abs(tile[0] - y) + abs(tile[1] - x))
        if far_x != x:
            return EAST if far_x > x else WEST
        return SOUTH if far_y > y else NORTH

    plain, discounted, good = returns(envs, play)
    assert np.array_equal(plain, 10.0 + 10 * good)
    assert plain.mean() == pytest.approx(65, abs=2.5)
    assert discounted.mean() == pytest.approx(49, abs=2)


FIELD = [
    "EEEEEEEESS",
    "ENWNNWWNSW",
    "NNNSNWESWN",
    "ENSWWWWSNW",
    "ENSNNWSSSS",
    "NNSWNWSSSS",
    "NNSENWWESW",
    "SNWSNNSNSS",
    "ENEEENWWWW",
    "ENNENNNENW",
    "NNEEENENNW",
]
"""The way from each tile, of the best policy without memory that a search found."""


def without_memory(envs: POBAXRockSample, way: Callable[[int, int], int]) -> Play:
    """Check each rock on its tile, sample it if it seems good; else go on from where the agent stands."""
    places = places_of(envs)

    def play(i: int, seen: np.ndarray) -> int:
        tile = tile_of(seen)
        if tile in places:
            sensed = seen[22 + places[tile]]
            if sensed >= 0:
                return SAMPLE if sensed > 0 else CHECK + places[tile]
        return way(*tile)

    return play


def test_the_best_policy_without_memory_that_a_search_found() -> None:
    envs = POBAXRockSample(num_envs=800)
    _, discounted, _ = returns(envs, without_memory(envs, lambda y, x: "NESW".index(FIELD[y][x])))
    assert discounted.mean() == pytest.approx(41, abs=2)


def test_wandering_without_memory_and_without_a_discount() -> None:
    envs = POBAXRockSample(num_envs=200)
    random = np.random.default_rng(0)

    def way(y: int, x: int) -> int:
        action = int(random.integers(0, 4))
        return action if action != EAST or x < 9 or random.random() < 0.01 else WEST

    plain, _, _ = returns(envs, without_memory(envs, way))
    assert plain.mean() == pytest.approx(54, abs=3)
