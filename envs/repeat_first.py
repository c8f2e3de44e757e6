"""Repeat First: name the symbol that the episode began with."""

from collections.abc import Mapping
from typing import final

import numpy as np

from memorl.envs.compiled import Record, entry, leaf
from memorl.envs.episodes import PLAYING, Array
from memorl.envs.options import Integer
from memorl.envs.quiz import MANY, Quiz, several, turn
from memorl.envs.random import integers
from memorl.envs.single import SingleEnv
from memorl.envs.snapshot import Bounds


@leaf
def _show(env: Record, rules: Record, seen: Array) -> None:
    symbol = integers(env.stream, 0, len(seen))
    seen[symbol] = 1
    if env.length == 0:
        env.first, env.questions = symbol, rules.length - 1
    else:
        env.target = env.first
    env.last = env.length + 1 >= rules.length


@entry
def play(actions: Array, state: Array, rules: Array, levels: Array, seen: Array, rewards: Array, ends: Array) -> None:
    """One step of every env."""
    for i in range(len(state)):
        rewards[i], ends[i] = turn(state[i], rules, levels, actions[i, 0], seen[i])
        if not ends[i]:
            _show(state[i], rules[state[i].row], seen[i])


@final
class RepeatFirst(Quiz):
    """Name the symbol that the episode began with: one thing to keep, for as long as the episode lasts.

    ## Task
    Every step shows one of `symbols` symbols, drawn uniformly and independently. At every step but the first, name the
    one shown at the first.

    ## Actions
    `Discrete(symbols)`: the symbol named.

    ## Observations
    float32 (symbols,): the symbol shown now, one-hot. `symbolic_fields` names its values. Nothing marks the first
    step.

    ## Rewards
    1 / (length - 1) for each right answer, else 0; the first answer of an episode is not judged. Perfect memory
    returns 1. The symbols shown later are independent of the first, so that whatever a policy without memory sees,
    each answer is right with probability 1 / symbols: no such policy returns more than `memoryless_return` = 1 /
    symbols on average.

    ## Start
    With the symbol to keep.

    ## End
    After `length` steps. Infos at the end: `reward` (the return), `length`, `success` (1 if every answer was right),
    `accuracy` (fraction of right answers).

    ## Arguments
    `length` (2 or more) says for how long the memory must last; `reset(options=...)` overrides it for one episode.
    `symbols` (2 or more). The other arguments are those of `BatchedEnv`.

    ## Source
    Morad et al., POPGym: Benchmarking Partially Observable Reinforcement Learning (ICLR 2023).

    ## Differences
    Symbols are drawn with replacement rather than dealt from decks of cards, where those seen tell of those to come;
    any number of symbols; the first answer, for which no memory is needed, is not judged; wrong answers cost nothing;
    the return is in [0, 1]. POPGym's three sizes have lengths of 51, 415 and 831.
    """

    def __init__(
        self,
        *,
        length: int = 64,
        symbols: int = 4,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(
            play,
            several(symbols),
            symbols,
            {"length": Integer(2, MANY)},
            {"length": length},
            [("first", np.int64)],
            num_envs=num_envs,
            levels=levels,
            copy=copy,
            render_mode=render_mode,
        )

    def _bounds(self, state: Array, rules: Array) -> Bounds:
        length = (0, rules["length"] - (state["phase"] == PLAYING))
        return {**super()._bounds(state, rules), "length": length, "first": (0, self._answers - 1)}


class SingleRepeatFirst(SingleEnv):
    """One Repeat First as a plain Gymnasium environment; its arguments are those of `RepeatFirst`."""

    batch = RepeatFirst
