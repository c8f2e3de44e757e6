"""Policies for POPGym's boards. N is the number of envs, S the number of tiles, P that of the places of a ship."""

import csv
from itertools import product
from pathlib import Path

import numpy as np

from memorl.envs.popgym.task import POPGymTask

from .popgym_play import Acting, Array, draw

_SHIPS = (2, 3, 3, 4)
_TABLES = Path(__file__).parent / "popgym_minesweeper.csv"


def _ship_places(size: int) -> Array:
    """Return the tiles of every place of every ship [P, S]."""
    places = []
    for tiles, x, y in product(_SHIPS, range(size), range(size - 1)):
        if y + tiles <= size:
            board = np.zeros((size, size), np.float32)
            board[x, y : y + tiles] = 1
            places += [board.ravel(), board.T.ravel()]
    return np.array(places)


def _tiles(actions: Array, size: int) -> Array:
    return np.stack(np.divmod(actions, size), 1)


def name_likely_tiles(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Battleship: the tile of the most places of ships without a miss; a place counts 20-fold for each hit on it."""
    size = int(envs._sizes["size"])
    places = _ship_places(size)
    everyone = np.arange(envs.num_envs)
    hits = np.zeros((envs.num_envs, size**2), np.float32)
    misses = np.zeros_like(hits)
    yield
    while True:
        weights = (misses @ places.T == 0) * np.float32(20) ** (hits @ places.T)
        likely = (weights @ places + 1e-6) * (hits + misses == 0)
        tile = likely.argmax(1)
        observation = yield _tiles(tile, size)
        hits[everyone, tile] += observation
        misses[everyone, tile] += 1 - observation


def name_any_tile(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Battleship, memoryless: a tile at random, the more often the more places of ships it has.

    T draws find a tile with the chance 1 - (1 - p)^T. With the share s of ships on it the best p is near
    (1 + log(s / mean s)) / S.
    """
    size = int(envs._sizes["size"])
    share = _ship_places(size).sum(0)
    chances = 1 + np.log(share / np.exp(np.log(share).mean()))
    yield
    while True:
        yield _tiles(draw(np.tile(chances, (envs.num_envs, 1)), rng), size)


def _near(size: int) -> Array:
    """Return which squares are near which, themselves included [S, S]."""
    x, y = np.divmod(np.arange(size**2), size)
    return (np.abs(x[:, None] - x) <= 1) & (np.abs(y[:, None] - y) <= 1)


def open_unlikely_mines(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Mine Sweeper: the square that has a mine with the least chance.

    The chances are scaled so that they sum to the number that an open square shows, one square after the other.
    """
    size, mines = int(envs._sizes["size"]), int(envs._sizes["mines"])
    near = _near(size)
    everyone = np.arange(envs.num_envs)
    shown = np.full((envs.num_envs, size**2), -1)
    yield
    while True:
        chances = np.where(shown < 0, mines / size**2, 0)
        for _ in range(8):
            for square in range(size**2):
                rows = np.flatnonzero(shown[:, square] >= 0)
                around = np.ix_(rows, near[square])
                total = chances[around].sum(1)
                scale = shown[rows, square] / np.maximum(total, 1e-9)
                chances[around] = np.minimum(chances[around] * scale[:, None], 1)
        square = np.where(shown < 0, chances, 2).argmin(1)
        observation = yield _tiles(square, size)
        shown[everyone, square] = observation


def open_by_number(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Mine Sweeper, memoryless: a square drawn by the number that is shown, with the weights of a file.

    The file has what a search found for the easy and the medium field; on the hard one, which it lacks, any square.
    """
    size = int(envs._sizes["size"])
    with _TABLES.open() as file:
        rows = [row for row in csv.DictReader(file) if int(row["size"]) == size]
    weights = np.array([row["weights"].split() for row in rows] or [[1] * size**2] * 10, np.float64)
    observation = yield
    while True:
        observation = yield _tiles(draw(weights[observation], rng), size)
