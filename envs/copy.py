"""Copy and Autoencode: a pattern, a delay, then the pattern again, in order or backwards."""

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np

from memorl.envs.compiled import Record, entry, leaf
from memorl.envs.episodes import PLAYING, Array
from memorl.envs.options import Flag, Integer
from memorl.envs.quiz import MANY, Quiz, several, turn
from memorl.envs.random import integers
from memorl.envs.single import SingleEnv
from memorl.envs.snapshot import Bounds
from memorl.envs.span import Span, within

_LONGEST = 256


@leaf
def _show(env: Record, rules: Record, seen: Array) -> None:
    symbols, size = len(seen) - 1, rules.pattern_length
    if env.length == 0:
        env.delay, env.questions = within(env.stream, rules.delay), size
    if env.length < size:
        symbol = integers(env.stream, 0, symbols)
        seen[symbol] = 1
        env.pattern[env.length] = symbol
    place = env.length - size - env.delay
    if place >= 0:
        seen[symbols] = 1
        env.target = env.pattern[size - 1 - place if rules.backwards else place]
        env.last = place + 1 == size


@entry
def play(actions: Array, state: Array, rules: Array, levels: Array, seen: Array, rewards: Array, ends: Array) -> None:
    """One step of every env."""
    for i in range(len(state)):
        rewards[i], ends[i] = turn(state[i], rules, levels, actions[i, 0], seen[i])
        if not ends[i]:
            _show(state[i], rules[state[i].row], seen[i])


@final
class Copy(Quiz):
    """See a pattern, wait, say it again: how much a memory holds, and for how long. Autoencode says it backwards.

    ## Task
    The first `pattern_length` steps show a symbol each, drawn uniformly and independently from `symbols`. `delay`
    empty steps follow. Then `pattern_length` steps ask for the symbols in the order in which they were shown, or, with
    `backwards`, in the opposite order.

    ## Actions
    `Discrete(symbols)`: the symbol named. Only those of the last `pattern_length` steps count.

    ## Observations
    float32 (symbols + 1,): the symbol shown now, one-hot, and whether one is asked for. `symbolic_fields` names its
    values. While symbols are asked for none is shown, and nothing tells which of them it is.

    ## Rewards
    1 / pattern_length for each right answer, else 0. Perfect memory returns 1. All questions look the same, and each
    of their symbols is uniform, so a policy without memory is right with probability 1 / symbols each time: none
    returns more than `memoryless_return` = 1 / symbols on average.

    ## Start
    With the first symbol.

    ## End
    After the last answer: 2 pattern_length + delay steps. Infos at the end: `reward` (the return), `length`, `success`
    (1 if every answer was right), `accuracy` (fraction of right answers).

    ## Arguments
    `pattern_length` (1 to 256); `delay` (0 or more), a number, or `[lowest, highest]`, from which each episode draws
    one uniformly; `backwards`. In order, each symbol must be kept for pattern_length + delay steps; backwards, from
    delay + 1 steps for the last to 2 pattern_length + delay - 1 for the first. `reset(options=...)` overrides all
    three for one episode. `symbols` (2 or more). The other arguments are those of `BatchedEnv`.

    ## Source
    Hochreiter and Schmidhuber, Long Short-Term Memory (1997), and Graves et al., Neural Turing Machines (2014), for
    copying; Morad et al., POPGym: Benchmarking Partially Observable Reinforcement Learning (ICLR 2023) for Autoencode.

    ## Differences
    From POPGym's Autoencode: symbols are drawn with replacement rather than dealt from decks of cards; the last symbol
    is not on view while it is asked for, so that every answer needs memory; wrong answers cost nothing; the return is
    in [0, 1]. POPGym's three sizes have patterns of 52, 104 and 156 symbols.
    """

    def __init__(
        self,
        *,
        pattern_length: int = 8,
        delay: int | Sequence[int] = 8,
        backwards: bool = False,
        symbols: int = 4,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(
            play,
            [*several(symbols), "query"],
            symbols,
            {"pattern_length": Integer(1, _LONGEST), "delay": Span(0, MANY), "backwards": Flag()},
            {"pattern_length": pattern_length, "delay": delay, "backwards": backwards},
            [("pattern", np.int64, (_LONGEST,)), ("delay", np.int64)],
            num_envs=num_envs,
            levels=levels,
            copy=copy,
            render_mode=render_mode,
        )

    def _bounds(self, state: Array, rules: Array) -> Bounds:
        return {
            **super()._bounds(state, rules),
            "pattern": (0, self._answers - 1),
            "delay": (0, MANY),
            "length": (0, 2 * rules["pattern_length"] + state["delay"] - (state["phase"] == PLAYING)),
        }


class SingleCopy(SingleEnv):
    """One Copy as a plain Gymnasium environment; its arguments are those of `Copy`."""

    batch = Copy
