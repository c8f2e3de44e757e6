"""Show, then ask: what the diagnostic tasks share.

At each step t of an episode a task shows something, and either asks for an answer or does not:

    seen(t), target(t) = show(t)                                               (1)
    reward(t) = 1 / questions  if action(t) = target(t),  else 0               (2)

Answers change nothing of what is shown later. So each can be judged by itself: a perfect memory returns 1, and the best
policy without memory gives to each observation the answer that is right most often. Where the target is uniform over A
answers whatever is seen beside the question, that returns 1 / A and no more.

A task brings `show` (1) and the loop over envs, which is this and nothing else, compiled:

    for each env:  reward, end = turn(env, ..., action, seen);  unless it ends:  show(env, ..., seen)
"""

from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete

from memorl.envs.compiled import Record, leaf
from memorl.envs.core import BatchedEnv, Observation
from memorl.envs.episodes import ENDED, PLAYING, Array, account, begin
from memorl.envs.options import Field, Option
from memorl.envs.snapshot import Bounds

MANY = 2**31
_STATE: list[Field] = [
    ("target", np.int64),
    ("last", np.bool_),
    ("questions", np.int64),
    ("correct", np.int64),
    ("success", np.int64),
    ("accuracy", np.float64),
]


@leaf
def turn(env: Record, rules: Array, levels: Array, action: int, seen: Array) -> tuple[float, bool]:
    """Judge the answer to what was shown, or begin an episode: the reward, and whether the episode is over.

    Nothing is seen, asked or last any more; `show` fills in `seen`, `env.target` and `env.last`, and `env.questions` at
    the first step.
    """
    reward = 0.0
    if env.phase == PLAYING:
        if action == env.target:
            env.correct += 1
            reward = 1.0 / env.questions
        account(env, reward)
        if env.last:
            env.phase = ENDED
            env.success = np.int64(env.correct == env.questions)
            env.accuracy = env.correct / env.questions
    else:
        begin(env, rules, levels)
        env.correct = 0
    env.target, env.last = -1, False
    seen[:] = 0
    return reward, env.phase == ENDED


class Quiz(BatchedEnv, ABC):
    """A task that shows and asks.

    Args:
        play: The compiled loop over envs.
        fields: Names of the entries of an observation.
        answers: How many there are to choose from; one of them, drawn uniformly, is right.
        options: What `reset(options=...)` accepts.
        arguments: A value for each option.
        state: Fields of an env besides those of every quiz.
        low: The lowest value of an entry of an observation; the highest is 1.
        batch: `num_envs`, `levels`, `copy` and `render_mode` of `BatchedEnv`.
        rules: Fields of the rules besides the options.
    """

    info_keys = ("reward", "length", "success", "accuracy")

    def __init__(
        self,
        play: Callable[..., None],
        fields: Sequence[str],
        answers: int,
        options: Mapping[str, Option],
        arguments: Mapping[str, Any],
        state: Sequence[Field],
        low: float = 0,
        rules: Sequence[Field] = (),
        **batch: Any,
    ) -> None:
        self._compiled, self._answers = play, answers
        self.symbolic_fields = tuple(fields)
        self.memoryless_return = 1 / answers
        super().__init__(
            Box(low, 1, (len(fields),), np.float32),
            Discrete(answers),
            options,
            arguments,
            state=[*_STATE, *state],
            rules=[*(option.field(name) for name, option in options.items()), *rules],
            **batch,
        )

    def _play(self, actions: Array, observation: Observation, rewards: Array, ends: Array) -> None:
        self._compiled(actions, self._state, self._rules, self._levels, observation, rewards, ends)

    def _derive(self, rules: Array) -> None:
        """Nothing, unless the task has fields of the rules besides its options."""

    def _bounds(self, state: Array, rules: Array) -> Bounds:
        return {
            "target": (-1, self._answers - 1),
            "questions": (state["phase"] == PLAYING, MANY),
            "correct": (0, state["questions"]),
            "success": (0, 1),
            "accuracy": (0, 1),
        }


def several(symbols: int) -> list[str]:
    """The names of one-hot symbols; ValueError unless there are two or more of them."""
    if not isinstance(symbols, int) or symbols < 2:
        raise ValueError(f"{symbols=} is not allowed: give a whole number from 2")
    return [f"symbol_{symbol}" for symbol in range(symbols)]
