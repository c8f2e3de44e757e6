"""Delayed Cue: a sign at the start, a corridor, and a fork at its end where the sign says which way."""

from collections.abc import Mapping, Sequence
from typing import Annotated, final

from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.options import MAX_COUNT, Flag, IntegerRange, draw_from_range
from memorl.envs.engine.rng import integers

from .quiz import Quiz, compile_quiz

_NAMES = ("cue", "cue_shown", "query", "distractor")
_CUE = 0
_CUE_SHOWN = 1
_QUERY = 2
_DISTRACTOR = 3


@jit
def _show(env: Record, params: Record, vector: Array) -> None:
    if env.length == 0:
        env.cue = integers(env.rng, 0, 2)
        env.delay = draw_from_range(env.rng, params.delay)
        env.questions = 1
        vector[_CUE] = 2 * env.cue - 1
        vector[_CUE_SHOWN] = 1
    elif env.length >= env.delay:
        vector[_QUERY] = 1
        env.target = env.cue
        env.last = True
    elif params.distractors:
        vector[_DISTRACTOR] = 2 * integers(env.rng, 0, 2) - 1


_STEP_BATCH = compile_quiz(_show)


@final
class DelayedCue(Quiz):
    """A sign, a corridor, and a fork at its end where the sign says which way: one bit to keep, as in a T-maze.

    ## Task
    The first observation shows a cue, -1 or 1, each with probability 1/2. `delay` steps later the query asks for it:
    action 0 for -1, action 1 for 1. In between are distractors, or nothing.

    ## Actions
    `Discrete(2)`. All but the last are ignored: the corridor moves by itself.

    ## Observations
    float32 (4,), in [-1, 1], with names in `symbolic_fields`: (cue, 1, 0, 0) at step 0, (0, 0, 1, 0) at step `delay`,
    and (0, 0, 0, d) in between, where d is -1 or 1, drawn uniformly and independently, or 0 without distractors.

    ## Rewards
    1 for the right action at the query, else 0. Memory of one bit returns 1. As the query always looks the same, no
    policy without memory, or with one that reaches back fewer than `delay` steps, returns more than
    `memoryless_return` = 1/2 on average.

    ## Start
    With the cue.

    ## End
    With the action at the query, after `delay` + 1 steps. Infos at the end: `reward` (the return), `length`, `success`
    and `accuracy` (1 if the action was right).

    ## Arguments
    `delay` (1 or more): a number, or `[lowest, highest]`, from which each episode draws one uniformly. `distractors`:
    True if the corridor shows random signs. `reset(options=...)` overrides both for one episode. The other arguments
    are explained at `BatchedEnv`.

    ## Source
    Bakker, Reinforcement Learning with Long Short-Term Memory (NeurIPS 2001), section 4: the T-maze.

    ## Differences
    The agent does not walk, so there is nothing to learn but to keep the cue, and actions do not change the delay. Only
    the choice at the fork pays, and a wrong one costs nothing. The corridor shows random bits.
    """

    def __init__(
        self,
        *,
        delay: Annotated[int | Sequence[int], IntegerRange(1, MAX_COUNT)] = 16,
        distractors: Annotated[bool, Flag()] = True,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        state = [Field("cue", low=0, high=1), Field("delay", low=0, high=MAX_COUNT)]
        super().__init__(_STEP_BATCH, _NAMES, 2, locals(), state, low=-1)
