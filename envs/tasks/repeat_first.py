"""Repeat First: name the symbol that the episode began with."""

from collections.abc import Mapping
from typing import Annotated, final

from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.options import MAX_COUNT, Integer
from memorl.envs.engine.rng import integers

from .quiz import Quiz, compile_quiz, length_below, symbol_names


@jit
def _show(env: Record, params: Record, vector: Array) -> None:
    symbol = integers(env.rng, 0, len(vector))
    vector[symbol] = 1
    if env.length == 0:
        env.first = symbol
        env.questions = params.length - 1
    else:
        env.target = env.first
    env.last = env.length + 1 >= params.length


_STEP_BATCH = compile_quiz(_show)


@final
class RepeatFirst(Quiz):
    """Name the symbol that the episode began with: one thing to keep, for as long as the episode lasts.

    ## Task
    Every step shows one of `symbols` symbols, drawn uniformly and independently. Name the symbol of the first step, at
    every later step.

    ## Actions
    `Discrete(symbols)`: the symbol.

    ## Observations
    float32 (symbols,): the present symbol, one-hot; `symbolic_fields` has the names. Nothing marks the first step.

    ## Rewards
    1 / (length - 1) for each right answer after the first step, else 0. Perfect memory returns 1. As later symbols are
    independent of the first, no policy without memory returns more than `memoryless_return` = 1 / symbols on average.

    ## Start
    With the symbol to keep.

    ## End
    After `length` steps. Infos at the end: `reward` (the return), `length`, `success` (1 if every answer was right),
    `accuracy` (fraction of right answers).

    ## Arguments
    `length` (2 or more), which `reset(options=...)` overrides for one episode; `symbols` (2 or more). The other
    arguments are explained at `BatchedEnv`.

    ## Source
    Morad et al., POPGym: Benchmarking Partially Observable Reinforcement Learning (ICLR 2023).

    ## Differences
    POPGym deals four symbols from decks of cards, in which past symbols tell of future ones, judges the first answer,
    punishes wrong answers and returns -1 to 1. Its three sizes have lengths of 51, 415 and 831.
    """

    def __init__(
        self,
        *,
        length: Annotated[int, Integer(2, MAX_COUNT)] = 64,
        symbols: int = 4,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        names = symbol_names(symbols)
        state = [Field("first", low=0, high=symbols - 1), length_below(lambda state, params: params["length"])]
        super().__init__(_STEP_BATCH, names, symbols, locals(), state)
