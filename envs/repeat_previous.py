"""Repeat Previous: name the symbol seen k steps ago.

The last symbols lie in a ring of `_RING` places; the symbol of step t is at place t mod `_RING`.
"""

from collections.abc import Mapping
from typing import Any, final

import numpy as np

from memorl.envs.compiled import Record, entry, leaf
from memorl.envs.episodes import PLAYING, Array
from memorl.envs.options import Integer
from memorl.envs.quiz import MANY, Quiz, several, turn
from memorl.envs.random import integers
from memorl.envs.single import SingleEnv
from memorl.envs.snapshot import Bounds

_MAX_K = 256
_RING = _MAX_K + 1


@leaf
def _show(env: Record, rules: Record, seen: Array) -> None:
    symbol = integers(env.stream, 0, len(seen))
    seen[symbol] = 1
    env.symbols[env.length % _RING] = symbol
    env.questions = rules.length - rules.k
    if env.length >= rules.k:
        env.target = env.symbols[(env.length - rules.k) % _RING]
    env.last = env.length + 1 >= rules.length


@entry
def play(actions: Array, state: Array, rules: Array, levels: Array, seen: Array, rewards: Array, ends: Array) -> None:
    """One step of every env."""
    for i in range(len(state)):
        rewards[i], ends[i] = turn(state[i], rules, levels, actions[i, 0], seen[i])
        if not ends[i]:
            _show(state[i], rules[state[i].row], seen[i])


@final
class RepeatPrevious(Quiz):
    """Name the symbol seen k steps ago: a task that is nothing but memory, after the one of that name in POPGym.

    ## Task
    Every step shows one of `symbols` symbols, drawn uniformly and independently. Name the one shown k steps before.

    ## Actions
    `Discrete(symbols)`: the symbol named.

    ## Observations
    float32 (symbols,): the symbol shown now, one-hot. `symbolic_fields` names its values.

    ## Rewards
    1 / (length - k) for each right answer, else 0. The first k answers of an episode are not judged, as there is
    nothing to name yet. Perfect memory returns 1; without memory the present symbol says nothing about the past one,
    and no policy returns more than `memoryless_return` = 1 / symbols on average.

    ## Start
    With a first symbol.

    ## End
    After `length` steps. Infos at the end: `reward` (the return), `length`, `success` (1 if every answer was right),
    `accuracy` (fraction of right answers).

    ## Arguments
    `k` (1 to 256) and `length` (more than k), which `reset(options=...)` overrides for one episode; `symbols` (2 or
    more). The other arguments are those of `BatchedEnv`.

    ## Source
    Morad et al., POPGym: Benchmarking Partially Observable Reinforcement Learning (ICLR 2023).

    ## Differences
    Symbols are drawn with replacement rather than dealt from decks of cards, so that nothing but the one symbol k
    steps ago helps; wrong answers cost nothing; the return is in [0, 1].
    """

    def __init__(
        self,
        *,
        k: int = 4,
        symbols: int = 4,
        length: int = 64,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(
            play,
            several(symbols),
            symbols,
            {"k": Integer(1, _MAX_K), "length": Integer(2, MANY)},
            {"k": k, "length": length},
            [("symbols", np.int64, (_RING,))],
            num_envs=num_envs,
            levels=levels,
            copy=copy,
            render_mode=render_mode,
        )

    def _check(self, values: Mapping[str, Any]) -> None:
        if values["length"] <= values["k"]:
            raise ValueError(f"length={values['length']} is not allowed: give more than k={values['k']}")

    def _bounds(self, state: Array, rules: Array) -> Bounds:
        length = (0, rules["length"] - (state["phase"] == PLAYING))
        return {**super()._bounds(state, rules), "length": length, "symbols": (0, self._answers - 1)}


class SingleRepeatPrevious(SingleEnv):
    """One Repeat Previous as a plain Gymnasium environment; its arguments are those of `RepeatPrevious`."""

    batch = RepeatPrevious
