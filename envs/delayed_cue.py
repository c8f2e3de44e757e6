"""Delayed Cue: a sign at the start, a corridor, and a fork at its end where the sign says which way."""

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np

from memorl.envs.compiled import Record, entry, leaf
from memorl.envs.episodes import Array
from memorl.envs.options import Flag
from memorl.envs.quiz import MANY, Quiz, turn
from memorl.envs.random import integers
from memorl.envs.single import SingleEnv
from memorl.envs.snapshot import Bounds
from memorl.envs.span import Span, within

_FIELDS = ("cue", "cue_shown", "query", "distractor")
_CUE, _CUE_SHOWN, _QUERY, _DISTRACTOR = range(4)


@leaf
def _show(env: Record, rules: Record, seen: Array) -> None:
    if env.length == 0:
        env.cue, env.delay, env.questions = integers(env.stream, 0, 2), within(env.stream, rules.delay), 1
        seen[_CUE], seen[_CUE_SHOWN] = 2 * env.cue - 1, 1
    elif env.length >= env.delay:
        seen[_QUERY] = 1
        env.target, env.last = env.cue, True
    elif rules.distractors:
        seen[_DISTRACTOR] = 2 * integers(env.stream, 0, 2) - 1


@entry
def play(actions: Array, state: Array, rules: Array, levels: Array, seen: Array, rewards: Array, ends: Array) -> None:
    """One step of every env."""
    for i in range(len(state)):
        rewards[i], ends[i] = turn(state[i], rules, levels, actions[i, 0], seen[i])
        if not ends[i]:
            _show(state[i], rules[state[i].row], seen[i])


@final
class DelayedCue(Quiz):
    """A sign, a corridor, and a fork at its end where the sign says which way: one bit to keep, as in a T-maze.

    ## Task
    The first observation shows a cue, -1 or 1, each with probability 1/2. `delay` steps later the query asks for it:
    action 0 for -1, action 1 for 1. In between are distractors, or nothing.

    ## Actions
    `Discrete(2)`. All but the last are ignored: the corridor moves by itself.

    ## Observations
    float32 (4,), in [-1, 1]; `symbolic_fields` names its values. At step 0 (cue, 1, 0, 0); at steps 1 .. delay - 1 (0,
    0, 0, d) with d = -1 or 1, drawn uniformly and independently, or 0 without distractors; at step `delay` (0, 0, 1,
    0).

    ## Rewards
    1 for the right action at the query, else 0. Memory of one bit returns 1. The observation at the query is always
    the same, so a policy without memory acts the same after both cues: none returns more than `memoryless_return` =
    1/2 on average. A memory that reaches back fewer than `delay` steps returns no more than that either.

    ## Start
    With the cue.

    ## End
    With the action at the query, after `delay` + 1 steps. Infos at the end: `reward` (the return), `length`, `success`
    and `accuracy` (1 if the action was right).

    ## Arguments
    `delay` (1 or more) says for how long the memory must last: a number, or `[lowest, highest]`, from which each
    episode draws one uniformly. `distractors`: whether the corridor shows random signs. `reset(options=...)` overrides
    both for one episode. The other arguments are those of `BatchedEnv`.

    ## Source
    Bakker, Reinforcement Learning with Long Short-Term Memory (NeurIPS 2001), section 4: the T-maze.

    ## Differences
    The agent does not walk, and cannot stand still or turn off too early: nothing is to be learned but to keep the
    cue, and the delay is what it is, whatever the agent does. Only the choice at the fork pays, and a wrong one costs
    nothing. The corridor shows random bits.
    """

    def __init__(
        self,
        *,
        delay: int | Sequence[int] = 16,
        distractors: bool = True,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(
            play,
            _FIELDS,
            2,
            {"delay": Span(1, MANY), "distractors": Flag()},
            {"delay": delay, "distractors": distractors},
            [("cue", np.int64), ("delay", np.int64)],
            low=-1,
            num_envs=num_envs,
            levels=levels,
            copy=copy,
            render_mode=render_mode,
        )

    def _bounds(self, state: Array, rules: Array) -> Bounds:
        return {**super()._bounds(state, rules), "cue": (0, 1), "delay": (0, MANY)}


class SingleDelayedCue(SingleEnv):
    """One Delayed Cue as a plain Gymnasium environment; its arguments are those of `DelayedCue`."""

    batch = DelayedCue
