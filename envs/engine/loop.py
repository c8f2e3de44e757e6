"""The loop over envs that every game and task shares, compiled once for each of them, and the threads that run it.

    an env that plays      advance and count the step
    any other env          begin an episode and start the game
    each env               report, then draw the picture and describe it, where these are observations

A game gives these functions, each made by `jit`. `env` is the record of one env, `params` the record of its options,
and `scene` the sprites and arrays that the game draws with.

    start(env, params)                     draws a new episode
    advance(env, params, action)           plays one step and returns its reward; the game ends by env.phase = ENDED
    report(env, params)                    writes the values of the infos
    draw(env, params, scene, frame)        draws the picture, uint8 [x][y and channel]
    describe(env, params, scene, vector)   writes the observation of numbers, float32 [V], which holds zeros before
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .episodes import ENDED, PLAYING, begin_episode
from .fields import Array
from .jit import Compiled, Record, compile_loop, jit


@jit
def report_nothing(env: Record, params: Record) -> None:
    """Report nothing: the rules write the infos."""


@jit
def observe_nothing(env: Record, params: Record, scene: Any, output: Array) -> None:
    """Write nothing: the game does not have this observation."""


def compile_step_batch(
    start: Compiled,
    advance: Compiled,
    report: Compiled = report_nothing,
    draw: Compiled = observe_nothing,
    describe: Compiled = observe_nothing,
) -> Callable[..., bool]:
    """Compile the step of a batch from the functions of one game; it returns whether an episode ends."""

    def step_batch(
        low: int,
        high: int,
        actions: NDArray[np.int64],
        state: Array,
        params: Array,
        levels: NDArray[np.int64],
        scene: Any,
        pixels: NDArray[np.uint8],
        vectors: NDArray[np.float32],
        rewards: NDArray[np.float64],
        ends: NDArray[np.bool_],
    ) -> bool:
        ends_one = False
        for i in range(low, high):
            env = state[i]
            rewards[i] = 0.0
            if env.phase == PLAYING:
                rewards[i] = advance(env, params[env.row], actions[i])
                env.length += 1
                env.reward += rewards[i]
            else:
                begin_episode(env, params, levels)
                start(env, params[env.row])
            report(env, params[env.row])
            ends[i] = env.phase == ENDED
            ends_one |= ends[i]
            if pixels.size:
                draw(env, params[env.row], scene, pixels[i])
            if vectors.size:
                vector = vectors[i]
                for k in range(len(vector)):
                    vector[k] = 0
                describe(env, params[env.row], scene, vector)
        return ends_one

    return compile_loop(step_batch, start, advance, report, draw, describe)


def compile_draw_batch(draw: Compiled) -> Callable[..., None]:
    """Compile the drawing of every env as it stands into pixels [N][x][y and channel]."""

    def draw_batch(state: Array, params: Array, scene: Any, pixels: NDArray[np.uint8]) -> None:
        for i in range(len(state)):
            draw(state[i], params[state[i].row], scene, pixels[i])

    return compile_loop(draw_batch, draw)


class Game(NamedTuple):
    """The compiled loops of a game with pictures."""

    step_batch: Callable[..., bool]
    draw_batch: Callable[..., None]
    draw_truth_batch: Callable[..., None]


def compile_game(
    start: Compiled,
    advance: Compiled,
    draw: Compiled,
    draw_truth: Compiled,
    describe: Compiled,
    report: Compiled = report_nothing,
) -> Game:
    """Compile the loops of a game with pictures; `draw_truth` draws what is hidden from the agent, too."""
    step_batch = compile_step_batch(start, advance, report, draw, describe)
    return Game(step_batch, compile_draw_batch(draw), compile_draw_batch(draw_truth))


class Threads:
    """A block of envs for each thread.

    Args:
        num_envs: How many envs there are.
        threads: The largest number of threads.
    """

    def __init__(self, num_envs: int, threads: int) -> None:
        edges = np.linspace(0, num_envs, min(threads, num_envs) + 1).astype(int).tolist()
        self._own, *self._others = pairwise(edges)
        self._pool = ThreadPoolExecutor(len(self._others)) if self._others else None

    def run(self, loop: Callable[..., bool], *arguments: Any) -> bool:
        """Call the compiled `loop(low, high, *arguments)` for all envs, a block of them in each thread.

        Returns:
            Whether it returned True for one block.
        """
        if self._pool is None:
            return loop(*self._own, *arguments)
        futures = [self._pool.submit(loop, *block, *arguments) for block in self._others]
        try:
            results = [loop(*self._own, *arguments)]
        finally:
            wait(futures)
        results += [future.result() for future in futures]
        return any(results)

    def close(self) -> None:
        """End the threads."""
        if self._pool:
            self._pool.shutdown()
