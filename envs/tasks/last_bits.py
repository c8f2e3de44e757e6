"""Questions about the last N bits, where N grows as the agent succeeds.

Khajehabdollahi, Zeraati, Giannakakis, Schäfer, Martius and Levina, Emergent mechanisms for long timescales depend on
training curriculum and affect performance in memory tasks (ICLR 2024). An episode shows M bits, one a step, and puts
one question beside the last of them:

    M ~ uniform on n + 2 .. 4 n + 1                                            (1)
    N = n  (curriculum none, single),    N ~ uniform on 2 .. n  (multi)        (2)

n begins at the option `n`. Of every `window` episodes, a over all questions and a_n over those with N = n are the
fractions of right answers; with a curriculum,

    n <- n + 1   if  a > threshold  and  a_n > threshold                       (3)

The batch has one n: a single N is not shown (as in the paper), so envs with different ones would contradict each other.
"""

from abc import ABC
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

import numpy as np

from memorl.envs.engine.episodes import is_playing
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.options import MAX_COUNT, Integer, Number, Option, encode
from memorl.envs.engine.rng import integers

from .quiz import Quiz, length_below

Curriculum = Literal["none", "single", "multi"]
MAX_N = 256

_RING = MAX_N
_LIMITS: dict[str, Option] = {"max_n": Integer(2, MAX_N), "window": Integer(1, MAX_COUNT), "threshold": Number(0, 1)}
_PARAMS = [Field("grows", np.bool_), Field("multi", np.bool_)]
"""The curriculum counts an episode where `grows` is True: under the constructor's arguments, not a reset's options."""


def _state(max_n: int) -> list[Field]:
    """Return the fields of an env.

    `level` is n of the next episode that counts, `n` is n of this one, `lag` its N, and `steps` its M. `answered` and
    `right` count over all questions, and over those with N = n.
    """
    return [
        Field("level", low=2, high=max_n),
        Field("answered", low=0, high=MAX_COUNT, shape=(2,)),
        Field("right", low=0, high=lambda state, params: state["answered"], shape=(2,)),
        Field("counts", np.bool_),
        Field("n", low=lambda state, params: 2 * is_playing(state, params), high=max_n),
        Field("lag", low=lambda state, params: 2 * is_playing(state, params), high=lambda state, params: state["n"]),
        Field("steps", low=is_playing, high=4 * max_n + 1),
        Field("bits", low=0, high=1, shape=(_RING,)),
        length_below(lambda state, params: state["steps"]),
    ]


@jit
def show_bit(env: Record, params: Record, vector: Array) -> bool:
    """Show one bit more; True if it is the last, beside which stands the question about the last `env.lag` bits."""
    if env.length == 0:
        env.counts = params.grows
        env.n = env.level if env.counts else params.n
        env.lag = integers(env.rng, 2, env.n + 1) if env.counts and params.multi else env.n
        env.steps = integers(env.rng, env.n + 2, 4 * env.n + 2)
        env.questions = 1
    env.bits[env.length % _RING] = integers(env.rng, 0, 2)
    vector[0] = env.bits[env.length % _RING]
    env.last = env.length + 1 >= env.steps
    if env.last:
        vector[env.lag - 1 if params.multi else 1] = 1
    return env.last


@jit
def bit_before(env: Record, steps: int) -> int:
    """Return the bit that was shown `steps` steps before the last one."""
    return env.bits[(env.length - steps) % _RING]


class LastBits(Quiz, ABC):
    """A question about the last N bits, with two answers; the page of N-Parity explains the arguments."""

    step_batch: ClassVar[Callable[..., bool]]
    """The compiled step, made by `compile_quiz`."""
    info_keys = ("reward", "length", "success", "n")

    def __init__(
        self,
        *,
        n: Annotated[int, Integer(2, MAX_N)] = 2,
        curriculum: Curriculum = "none",
        max_n: int = 64,
        threshold: float = 0.98,
        window: int = 1000,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        arguments = locals()
        kinds = get_args(Curriculum)
        if curriculum not in kinds:
            raise ValueError(f"curriculum is {curriculum!r}; it must be one of {', '.join(kinds)}")
        encode(_LIMITS, {name: arguments[name] for name in _LIMITS})
        self.curriculum = curriculum
        self.max_n = max_n
        self.threshold = threshold
        self.window = window
        names = ["bit", *([f"query_{lag}" for lag in range(2, max_n + 1)] if curriculum == "multi" else ["query"])]
        records: dict[str, Any] = {"params": _PARAMS, "ranges": {"n": Integer(2, max_n)}}
        super().__init__(type(self).step_batch, names, 2, arguments, _state(max_n), **records)
        self._on_seeded_reset()

    def _derive_params(self, params: Array) -> None:
        params["multi"] = self.curriculum == "multi"
        params["grows"] = False
        params["grows"][-1] = self.curriculum != "none"

    def _on_seeded_reset(self) -> None:
        self._state["level"] = self._params["n"][-1]
        self._state["answered"] = 0
        self._state["right"] = 0

    def _on_episode_end(self, ends: Array) -> None:
        state = self._state
        answers = ends & state["counts"]
        if not answers.any():
            return
        answers = np.stack([answers, answers & (state["lag"] == state["n"])], axis=1)
        state["answered"] += answers
        state["right"] += answers & (state["success"] == 1)[:, None]
        answered = state["answered"].sum(0)
        right = state["right"].sum(0)
        if answered[0] >= self.window:
            state["answered"] = 0
            state["right"] = 0
            if (right > self.threshold * answered).all() and state["level"][0] < self.max_n:
                state["level"] += 1
                state["counts"] = False
