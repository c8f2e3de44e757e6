"""Repeat Previous: name the symbol of k steps ago.

The last symbols lie in a ring of `_RING` places; the symbol of step t is at place t mod `_RING`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, final

from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.options import MAX_COUNT, Integer
from memorl.envs.engine.rng import integers

from .quiz import Quiz, compile_quiz, length_below, symbol_names

_MAX_K = 256
_RING = _MAX_K + 1


@jit
def _show(env: Record, params: Record, vector: Array) -> None:
    symbol = integers(env.rng, 0, len(vector))
    vector[symbol] = 1
    env.symbols[env.length % _RING] = symbol
    env.questions = params.length - params.k
    if env.length >= params.k:
        env.target = env.symbols[(env.length - params.k) % _RING]
    env.last = env.length + 1 >= params.length


_STEP_BATCH = compile_quiz(_show)


@final
class RepeatPrevious(Quiz):
    """Name the symbol of k steps ago: a task that is nothing but memory, after POPGym's task of that name.

    ## Task
    Every step shows one of `symbols` symbols, drawn uniformly and independently. Name the symbol of k steps before.

    ## Actions
    `Discrete(symbols)`: the symbol.

    ## Observations
    float32 (symbols,): the present symbol, one-hot; `symbolic_fields` has the names.

    ## Rewards
    1 / (length - k) for each right answer after the first k steps, else 0. Perfect memory returns 1. As symbols are
    independent, no policy without memory returns more than `memoryless_return` = 1 / symbols on average.

    ## Start
    With a first symbol.

    ## End
    After `length` steps. Infos at the end: `reward` (the return), `length`, `success` (1 if every answer was right),
    `accuracy` (fraction of right answers).

    ## Arguments
    `k` (1 to 256) and `length` (more than k), which `reset(options=...)` overrides for one episode; `symbols` (2 or
    more). The other arguments are explained at `BatchedEnv`.

    ## Source
    Morad et al., POPGym: Benchmarking Partially Observable Reinforcement Learning (ICLR 2023).

    ## Differences
    POPGym deals symbols from decks of cards, so that all past symbols help, punishes wrong answers and returns -1 to 1.
    """

    def __init__(
        self,
        *,
        k: Annotated[int, Integer(1, _MAX_K)] = 4,
        symbols: int = 4,
        length: Annotated[int, Integer(2, MAX_COUNT)] = 64,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        names = symbol_names(symbols)
        ring = Field("symbols", low=0, high=symbols - 1, shape=(_RING,))
        state = [ring, length_below(lambda state, params: params["length"])]
        super().__init__(_STEP_BATCH, names, symbols, locals(), state)

    def _check_options(self, values: Mapping[str, Any]) -> None:
        if values["length"] <= values["k"]:
            raise ValueError(f"length is {values['length']}; it must be more than k, {values['k']}")
