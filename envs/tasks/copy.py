"""Copy and Autoencode: a pattern, a delay, then the pattern again, in order or backwards."""

from collections.abc import Mapping, Sequence
from typing import Annotated, final

from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.options import MAX_COUNT, Flag, Integer, IntegerRange, draw_from_range
from memorl.envs.engine.rng import integers

from .quiz import Quiz, compile_quiz, length_below, symbol_names

_LONGEST = 256


@jit
def _show(env: Record, params: Record, vector: Array) -> None:
    symbols = len(vector) - 1
    size = params.pattern_length
    if env.length == 0:
        env.delay = draw_from_range(env.rng, params.delay)
        env.questions = size
    if env.length < size:
        symbol = integers(env.rng, 0, symbols)
        vector[symbol] = 1
        env.pattern[env.length] = symbol
    place = env.length - size - env.delay
    if place >= 0:
        vector[symbols] = 1
        env.target = env.pattern[size - 1 - place if params.backwards else place]
        env.last = place + 1 == size


_STEP_BATCH = compile_quiz(_show)


@final
class Copy(Quiz):
    """See a pattern, wait, say it again: how much a memory holds, and for how long. Autoencode says it backwards.

    ## Task
    Each of the first `pattern_length` steps shows a symbol, drawn uniformly and independently from `symbols`. `delay`
    empty steps follow. Then `pattern_length` steps ask for the symbols in the same order, or with `backwards` in the
    opposite order.

    ## Actions
    `Discrete(symbols)`: the symbol. Only the actions of the last `pattern_length` steps count.

    ## Observations
    float32 (symbols + 1,): the present symbol, one-hot, and 1 if the step asks for a symbol; `symbolic_fields` has the
    names. A step that asks shows no symbol, and all of them look the same.

    ## Rewards
    1 / pattern_length for each right answer, else 0. Perfect memory returns 1. As all questions look the same and the
    answers are uniform, no policy without memory returns more than `memoryless_return` = 1 / symbols on average.

    ## Start
    With the first symbol.

    ## End
    After the last answer: 2 pattern_length + delay steps. Infos at the end: `reward` (the return), `length`, `success`
    (1 if every answer was right), `accuracy` (fraction of right answers).

    ## Arguments
    `pattern_length` (1 to 256); `delay` (0 or more), a number, or `[lowest, highest]`, from which each episode draws
    one uniformly; `backwards`. In order, each symbol must be kept for pattern_length + delay steps; backwards, from
    delay + 1 steps for the last to 2 pattern_length + delay - 1 for the first. `reset(options=...)` overrides all
    three for one episode. `symbols` (2 or more). The other arguments are explained at `BatchedEnv`.

    ## Source
    Hochreiter and Schmidhuber, Long Short-Term Memory (1997), and Graves et al., Neural Turing Machines (2014), for
    copying; Morad et al., POPGym: Benchmarking Partially Observable Reinforcement Learning (ICLR 2023) for Autoencode.

    ## Differences
    POPGym's Autoencode deals symbols from decks of cards, still shows the last symbol when it asks for it, punishes
    wrong answers and returns -1 to 1. Its three sizes have patterns of 52, 104 and 156 symbols.
    """

    def __init__(
        self,
        *,
        pattern_length: Annotated[int, Integer(1, _LONGEST)] = 8,
        delay: Annotated[int | Sequence[int], IntegerRange(0, MAX_COUNT)] = 8,
        backwards: Annotated[bool, Flag()] = False,
        symbols: int = 4,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        names = [*symbol_names(symbols), "query"]
        pattern = Field("pattern", low=0, high=symbols - 1, shape=(_LONGEST,))
        length = length_below(lambda state, params: 2 * params["pattern_length"] + state["delay"])
        state = [pattern, Field("delay", low=0, high=MAX_COUNT), length]
        super().__init__(_STEP_BATCH, names, symbols, locals(), state)
