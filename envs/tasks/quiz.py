"""A quiz shows symbols and asks about them: the base of the diagnostic tasks.

At each step t of an episode a task shows a vector, and may ask for an answer:

    vector(t), target(t) = show(t)                                             (1)
    reward(t) = 1 / questions  if action(t) = target(t),  else 0               (2)

Answers do not change later vectors. So a perfect memory returns 1, and the best policy without memory gives to each
observation its most frequent answer: where the target is uniform over A answers and independent of the observation, it
returns 1 / A.

A task brings `show(env, params, vector)` (1) alone. Before it the vector is zero, `env.target` is -1, which asks for
nothing, and `env.last` is False; `show` changes these, and writes `env.questions` at the first step.
"""

from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete

from memorl.envs.engine.batched_env import BatchedEnv
from memorl.envs.engine.episodes import ENDED, PLAYING, is_playing
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Compiled, Record, jit
from memorl.envs.engine.loop import compile_step_batch
from memorl.envs.engine.options import MAX_COUNT, Option

MAX_SYMBOLS = 10_000
"""The largest number of symbols; each is a number of every observation."""


@jit
def _start(env: Record, params: Record) -> None:
    env.correct = 0


@jit
def _answer(env: Record, params: Record, action: Array) -> float:
    reward = 0.0
    if action[0] == env.target:
        env.correct += 1
        reward = 1.0 / env.questions
    if env.last:
        env.phase = ENDED
        env.success = np.int64(env.correct == env.questions)
        env.accuracy = env.correct / env.questions
    return reward


def compile_quiz(show: Compiled) -> Callable[..., bool]:
    """Compile the step of a batch from what a task shows."""

    @jit
    def describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
        env.target = -1
        env.last = False
        if env.phase == PLAYING:
            show(env, params, vector)

    return compile_step_batch(start=_start, advance=_answer, describe=describe)


class Quiz(BatchedEnv, ABC):
    """A task that shows symbols and asks about them.

    Args:
        step_batch: The compiled step, made by `compile_quiz`.
        names: Names of the entries of an observation.
        answers: The number of answers; one of them, drawn uniformly, is right.
        arguments: The arguments of the task's constructor.
        state: Fields of an env besides those of every quiz.
        low: The lowest value of an entry of an observation; the highest is 1.
        params: Fields of the params besides the options.
        ranges: The kinds of options that depend on other arguments.
    """

    info_keys = ("reward", "length", "success", "accuracy")

    def __init__(
        self,
        step_batch: Callable[..., bool],
        names: Sequence[str],
        answers: int,
        arguments: Mapping[str, Any],
        state: Sequence[Field],
        low: float = 0,
        params: Sequence[Field] = (),
        ranges: Mapping[str, Option] | None = None,
    ) -> None:
        self.symbolic_fields = tuple(names)
        self.memoryless_return = 1 / answers
        fields = [
            Field("target", low=-1, high=answers - 1),
            Field("last", np.bool_),
            Field("questions", low=is_playing, high=MAX_COUNT),
            Field("correct", low=0, high=lambda state, params: state["questions"]),
            Field("success", low=0, high=1),
            Field("accuracy", np.float64, 0, 1),
            *state,
        ]
        space = Box(low, 1, (len(names),), np.float32)
        records: dict[str, Any] = {"state": fields, "params": params, "ranges": ranges}
        super().__init__(space, Discrete(answers), step_batch, arguments, **records)


def length_below(high: Callable[[Array, Array], Any]) -> Field:
    """Return the field `length`, the steps of an episode: below `high` while it goes on, at most `high` at its end."""
    return Field("length", low=0, high=lambda state, params: high(state, params) - is_playing(state, params))


def symbol_names(symbols: int) -> list[str]:
    """Return the names of one-hot symbols; ValueError unless there are two or more of them, and not too many."""
    if not isinstance(symbols, int) or not 2 <= symbols <= MAX_SYMBOLS:
        raise ValueError(f"symbols is {symbols!r}; it must be a whole number from 2 to {MAX_SYMBOLS:,}")
    return [f"symbol_{symbol}" for symbol in range(symbols)]
