"""POBAX's Battleship equals a literal transcription, and pays what its page says with memory and without."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from memorl.envs import POBAXBattleship

SHIPS = {10: (5, 4, 3, 2), 5: (3, 2), 3: (2,)}


class Literal:
    """POBAX's Battleship with boards of two axes, and draws of a stream that it is given."""

    def __init__(self, size: int, random: np.random.Generator) -> None:
        self.size = size
        self.board = np.zeros((size, size), int)
        self.hits_misses = np.zeros((size, size), int)
        for length in SHIPS[size]:
            horizontal = random.integers(0, 2) == 1
            shape = (1, length) if horizontal else (length, 1)
            free = [
                (y, x)
                for y in range(size - shape[0] + 1)
                for x in range(size - shape[1] + 1)
                if not self.board[y : y + shape[0], x : x + shape[1]].any()
            ]
            y, x = free[random.integers(0, len(free))]
            self.board[y : y + shape[0], x : x + shape[1]] = 1

    def mask(self) -> np.ndarray:
        return (self.hits_misses == 0).ravel()

    def step(self, action: int) -> tuple[int, float, bool]:
        place = np.unravel_index(action, self.board.shape)
        before = (self.hits_misses == 2).sum()
        self.hits_misses[place] = self.board[place] * 2 + (1 - self.board[place])
        hit = int(before < (self.hits_misses == 2).sum())
        done = bool(((self.hits_misses == 2) | (self.board == 0)).all())
        return hit, self.size**2 * done - (1 - done), done


@pytest.mark.parametrize("size", [3, 5, 10])
@pytest.mark.parametrize("obeys", [True, False], ids=["new tiles", "any tile"])
def test_an_episode_is_that_of_pobax(size: int, obeys: bool) -> None:
    envs = POBAXBattleship(num_envs=24, size=size)
    observation, infos = envs.reset(seed=0)
    literals = [Literal(size, np.random.default_rng(seed)) for seed in range(24)]
    assert np.array_equal(envs._state["ships"], [literal.board.ravel() for literal in literals])
    assert infos["action_mask"].all()
    assert not observation.any()
    random = np.random.default_rng(0)
    going = np.ones(24, np.bool_)
    for _ in range(900):
        weights = random.random((24, size**2))
        actions = (weights * infos["action_mask"] if obeys else weights).argmax(1)
        observation, rewards, terminated, truncated, infos = envs.step(actions)
        for i in np.flatnonzero(going):
            hit, reward, done = literals[i].step(actions[i])
            assert (observation[i, 0], rewards[i], terminated[i], truncated[i]) == (hit, reward, done, False)
            assert np.array_equal(infos["action_mask"][i], np.ones(size**2) if done else literals[i].mask())
        going &= ~terminated
    assert not going.any()


def test_the_time_limit_is_1000_steps() -> None:
    envs = POBAXBattleship(num_envs=2)
    envs.reset(seed=0)
    for step in range(1, 1001):
        _, rewards, terminated, truncated, _ = envs.step(np.zeros(2, np.int64))
        assert not terminated.any()
        assert rewards.tolist() == [-1.0, -1.0]
        assert truncated.tolist() == [step == 1000] * 2


Play = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Tiles for the last tiles and whether they were hit, -1 and 0 at first."""


def mean_return(episodes: int, play: Play) -> float:
    envs = POBAXBattleship(num_envs=episodes)
    observation, _ = envs.reset(seed=0)
    returns = np.zeros(episodes)
    going = np.ones(episodes, np.bool_)
    tiles = np.full(episodes, -1)
    while going.any():
        tiles = play(tiles, observation[:, 0])
        observation, rewards, terminated, *_ = envs.step(tiles)
        returns[going] += rewards[going]
        going &= ~terminated
    return float(returns.mean())


def all_ships() -> np.ndarray:
    """Every place of every ship [P, 100]."""
    boards = []
    for length in SHIPS[10]:
        for y, x in np.ndindex(10, 10):
            for end_y, end_x in ((y + 1, x + length), (y + length, x + 1)):
                if end_y <= 10 and end_x <= 10:
                    board = np.zeros((10, 10), np.float32)
                    board[y:end_y, x:end_x] = 1
                    boards.append(board.ravel())
    return np.array(boards)


def test_a_player_with_memory() -> None:
    """It shoots where most ships may lie by the misses; each hit that a place covers makes it 20 times as likely."""
    ships = all_ships()
    hits, misses = np.zeros((2, 400, 100), np.float32)
    rows = np.arange(400)

    def play(tiles: np.ndarray, hit: np.ndarray) -> np.ndarray:
        if tiles[0] >= 0:
            hits[rows, tiles] = np.maximum(hits[rows, tiles], hit)
            misses[rows, tiles] = 1 - hits[rows, tiles]
        likely = (misses @ ships.T == 0) * np.float32(20) ** (hits @ ships.T) @ ships
        return np.where(hits + misses > 0, -1, likely).argmax(1)

    assert mean_return(400, play) == pytest.approx(50, abs=2)


def orders(order: np.ndarray) -> Play:
    """Shoot at the tiles of each row of `order` one after the other, then anywhere."""
    turn = iter([*order.T, *[order[:, 0]] * 1000])
    return lambda tiles, hit: next(turn)


def test_players_without_memory() -> None:
    """The mask makes of a policy that does not see the last tile an order of tiles."""
    random = np.random.default_rng(0)
    drawn = random.permuted(np.tile(np.arange(100), (4000, 1)), axis=1)
    assert mean_return(4000, orders(drawn)) == pytest.approx(101 - 14 * 101 / 15, abs=0.4)
    assert mean_return(4000, orders(np.tile(np.arange(100), (4000, 1)))) == pytest.approx(15.3, abs=0.6)


def test_most_is_a_return_without_a_miss() -> None:
    envs = POBAXBattleship(num_envs=20)
    envs.reset(seed=0)
    total = np.zeros(20)
    ships = [iter(np.flatnonzero(board)) for board in envs._state["ships"]]
    for _ in range(14):
        _, rewards, terminated, _, infos = envs.step(np.array([next(ship) for ship in ships]))
        total += rewards
    assert terminated.all()
    assert total.tolist() == infos["reward"].tolist() == [87.0] * 20


@pytest.mark.parametrize("size", [4, True, "10"])
def test_another_size_is_refused(size: Any) -> None:
    with pytest.raises(ValueError, match=rf"^size is {size!r}; it must be one of 10, 5, 3$"):
        POBAXBattleship(size=size)
