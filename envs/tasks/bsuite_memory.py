"""The memory experiments of bsuite: bits on view at the start, and a question about one of them at the end."""

from collections.abc import Mapping
from typing import Annotated, Any, final

import numpy as np
from gymnasium.spaces import Box, Discrete

from memorl.envs.engine.batched_env import BatchedEnv
from memorl.envs.engine.episodes import ENDED
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch
from memorl.envs.engine.options import MAX_COUNT, Integer
from memorl.envs.engine.rng import integers

from .quiz import length_below

_MOST_BITS = 256
_TIME = 0
_QUERY = 1
_CONTEXT = 2


@jit
def _start(env: Record, params: Record) -> None:
    for bit in range(params.bits):
        env.context[bit] = integers(env.rng, 0, 2)
    env.query = integers(env.rng, 0, params.bits)


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    if env.length < params.memory_length:
        return 0.0
    env.phase = ENDED
    env.success = np.int64(action[0] == env.context[env.query])
    return 1.0 if env.success == 1 else -1.0


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    clock = max(env.length - 1, 0)
    vector[_TIME] = 1 - clock / params.memory_length
    if clock == params.memory_length - 1:
        vector[_QUERY] = env.query
    if clock == 0:
        for bit in range(params.bits):
            vector[_CONTEXT + bit] = 2 * env.context[bit] - 1


_STEP_BATCH = compile_step_batch(_start, _advance, describe=_describe)


@final
class BsuiteMemory(BatchedEnv):
    """Keep bits for a number of steps, then name one of them: bsuite's experiments `memory_len` and `memory_size`.

    ## Task
    The context, `num_bits` random bits, is on view at the start. At the end a query names one of them: say which it
    was. `bsuite_memory_len` keeps one bit over many steps, `bsuite_memory_size` many bits over few.

    ## Actions
    `Discrete(2)`: the bit. Only the last action counts.

    ## Observations
    float32 (2 + num_bits,): the time left, 1 - c / memory_length; the number of the bit that is asked for, or 0; and
    the bits, as -1 and 1, or zeros. The clock c stands at 0 both at the start and after the first step, and counts the
    steps from there: these two observations have the bits, and that with c = memory_length - 1 has the query.
    `symbolic_fields` has the names.

    ## Rewards
    1 for the right last action, -1 for a wrong one, 0 before. Memory returns 1. Without memory, or with one that
    reaches back fewer than memory_length - 1 steps, no policy returns more than `memoryless_return` = 0 on average.
    With `memory_length=1`, where the bits are on view beside the query, it is 1.

    ## Start
    With new bits, and a new query, which is drawn uniformly.

    ## End
    After memory_length + 1 steps. Infos at the end: `reward` (the return), `length`, `success` (1 if the last action
    was right).

    ## Arguments
    `memory_length` (1 or more), which `reset(options=...)` overrides for one episode; `num_bits` (1 to 256). bsuite
    sweeps the first over 1 to 10, 12, 14, 17, 20, 25 and 30 to 100 by 10, with one bit; and the second over 1 to 10,
    12, 14, 17, 20, 25, 30 and 40, with a memory_length of 2. It plays 10,000 episodes of each, and calls one solved
    if fewer than 37.5 % of all of them, the first included, ended wrong. The other arguments are explained at
    `BatchedEnv`.

    ## Source
    Osband et al., Behaviour Suite for Reinforcement Learning (ICLR 2020): `MemoryChain`.

    ## Differences
    Bits and queries come from NumPy's `default_rng(seed)`, in the same order as bsuite's from `RandomState(seed)`:
    their numbers differ for the same seed. Observations are vectors; bsuite's have a first axis of size 1.
    """

    info_keys = ("reward", "length", "success")

    def __init__(
        self,
        *,
        memory_length: Annotated[int, Integer(1, MAX_COUNT)] = 20,
        num_bits: int = 1,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        arguments = locals()
        if isinstance(num_bits, bool) or not isinstance(num_bits, int) or not 1 <= num_bits <= _MOST_BITS:
            raise ValueError(f"num_bits is {num_bits!r}; it must be a whole number from 1 to {_MOST_BITS}")
        self._num_bits = num_bits
        self.symbolic_fields = ("time", "query", *(f"bit_{bit}" for bit in range(num_bits)))
        self.memoryless_return = 1.0 if memory_length == 1 else 0.0
        state = [
            Field("context", np.int8, 0, 1, (_MOST_BITS,)),
            Field("query", low=0, high=lambda state, params: params["bits"] - 1),
            Field("success", low=0, high=1),
            length_below(lambda state, params: params["memory_length"] + 1),
        ]
        low = np.array([0, 0] + [-1] * num_bits, np.float32)
        high = np.array([1, max(1, num_bits - 1)] + [1] * num_bits, np.float32)
        params = [Field("bits")]
        super().__init__(Box(low, high), Discrete(2), _STEP_BATCH, arguments, state=state, params=params)

    def _derive_params(self, params: Array) -> None:
        params["bits"] = self._num_bits
