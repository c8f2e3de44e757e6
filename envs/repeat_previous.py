"""Repeat Previous: name the symbol seen k steps ago.

The last symbols lie in a ring of `_RING` places; the symbol of step t is at place t mod `_RING`.
"""

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from memorl.envs.compiled import Record, entry, leaf
from memorl.envs.core import BatchedEnv, Observation
from memorl.envs.episodes import ENDED, PLAYING, Array, account, begin
from memorl.envs.options import Field, Integer, Option
from memorl.envs.random import integers
from memorl.envs.single import SingleEnv

_MAX_K = 256
_RING = _MAX_K + 1
_OPTIONS: dict[str, Option] = {"k": Integer(1, _MAX_K), "length": Integer(2, 2**31)}
_RULES: list[Field] = [*(option.field(name) for name, option in _OPTIONS.items()), ("symbols", np.int64)]
_STATE: list[Field] = [
    ("seen", np.int64, (_RING,)),
    ("correct", np.int64),
    ("success", np.int64),
    ("accuracy", np.float64),
]


@leaf
def _observe(env: Record, rules: Record, observation: NDArray[np.float32]) -> None:
    symbol = integers(env.stream, 0, rules.symbols)
    env.seen[env.length % _RING] = symbol
    observation[:] = 0
    observation[symbol] = 1


@leaf
def _advance(env: Record, rules: Record, action: int) -> float:
    questions = rules.length - rules.k
    asked = env.length >= rules.k
    right = asked and action == env.seen[(env.length - rules.k) % _RING]
    if right:
        env.correct += 1
    if env.length + 1 == rules.length:
        env.phase = ENDED
        env.success = np.int64(env.correct == questions)
        env.accuracy = env.correct / questions
    return 1.0 / questions if right else 0.0


@entry
def play(
    low: int,
    high: int,
    actions: NDArray[np.int64],
    state: Array,
    rules: Array,
    levels: NDArray[np.int64],
    observation: NDArray[np.float32],
    rewards: NDArray[np.float64],
    ends: NDArray[np.bool_],
) -> None:
    """One step of envs low .. high-1."""
    for i in range(low, high):
        env = state[i]
        rewards[i] = 0.0
        if env.phase == PLAYING:
            rewards[i] = _advance(env, rules[env.row], actions[i, 0])
            account(env, rewards[i])
        else:
            begin(env, rules, levels)
            env.correct = 0
        ends[i] = env.phase == ENDED
        _observe(env, rules[env.row], observation[i])


@final
class RepeatPrevious(BatchedEnv):
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

    info_keys = ("reward", "length", "success", "accuracy")

    def __init__(
        self,
        *,
        k: int = 4,
        symbols: int = 4,
        length: int = 64,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        threads: int = 1,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        if not isinstance(symbols, int) or symbols < 2:
            raise ValueError(f"{symbols=} is not allowed: give a whole number from 2")
        self.symbols = symbols
        self.memoryless_return = 1 / symbols
        self.symbolic_fields = tuple(f"symbol_{symbol}" for symbol in range(symbols))
        super().__init__(
            Box(0, 1, (symbols,), np.float32),
            Discrete(symbols),
            _OPTIONS,
            {"k": k, "length": length},
            state=_STATE,
            rules=_RULES,
            num_envs=num_envs,
            levels=levels,
            threads=threads,
            copy=copy,
            render_mode=render_mode,
        )

    def _check(self, values: Mapping[str, Any]) -> None:
        if values["length"] <= values["k"]:
            raise ValueError(f"length={values['length']} is not allowed: give more than k={values['k']}")

    def _derive(self, rules: Array) -> None:
        rules["symbols"] = self.symbols

    def _play(self, actions: Array, observation: Observation, rewards: Array, ends: Array) -> None:
        self._spread(play, actions, self._state, self._rules, self._levels, observation, rewards, ends)


class SingleRepeatPrevious(SingleEnv):
    """One Repeat Previous as a plain Gymnasium environment; its arguments are those of `RepeatPrevious`."""

    batch = RepeatPrevious
