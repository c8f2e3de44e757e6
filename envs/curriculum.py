"""Questions about the last N bits, where N grows as the agent succeeds.

Khajehabdollahi, Zeraati, Giannakakis, Schäfer, Martius and Levina, Emergent mechanisms for long timescales depend on
training curriculum and affect performance in memory tasks (ICLR 2024). An episode shows M bits, one a step, and puts
one question beside the last of them:

    M ~ uniform on n + 2 .. 4 n + 1                                            (1)
    N = n  (curriculum none, single),    N ~ uniform on 2 .. n  (multi)        (2)

n begins at the option `n`. Of every `window` episodes, a over all questions and a_n over those with N = n are the
fractions of right answers; with a curriculum,

    n <- n + 1   if  a > threshold  and  a_n > threshold                       (3)

n is one for the whole batch: N is not shown where there is but one (as in the paper), so envs that ask for
different ones would contradict each other.
"""

from abc import ABC
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from memorl.envs.compiled import Record, leaf
from memorl.envs.episodes import PLAYING, Array
from memorl.envs.options import Field, Integer, Number, Option, encode
from memorl.envs.quiz import MANY, Quiz
from memorl.envs.random import integers
from memorl.envs.snapshot import Bounds

Kind = Literal["none", "single", "multi"]
_KINDS = ("none", "single", "multi")

_LARGEST = 256
_RING = _LARGEST
_LIMITS: dict[str, Option] = {
    "max_n": Integer(2, _LARGEST),
    "window": Integer(1, MANY),
    "threshold": Number(0, 1),
}
_STATE: list[Field] = [
    ("level", np.int64),
    ("asked", np.int64, (2,)),
    ("right", np.int64, (2,)),
    ("ranked", np.bool_),
    ("n", np.int64),
    ("lag", np.int64),
    ("steps", np.int64),
    ("bits", np.int64, (_RING,)),
]
"""`level` is n of the next episode that counts (`ranked`), `n` that of this one, `lag` its N and `steps` its M;
`asked` and `right` count over all questions, and over those with N = n."""


@leaf
def show_bit(env: Record, rules: Array, seen: Array) -> bool:
    """Show one bit more; whether it is the last, beside which the question about the last `env.lag` is put."""
    rule = rules[env.row]
    if env.length == 0:
        env.ranked = rule.grows and env.row == len(rules) - 1
        env.n = env.level if env.ranked else rule.n
        env.lag = integers(env.stream, 2, env.n + 1) if env.ranked and rule.multi else env.n
        env.steps, env.questions = integers(env.stream, env.n + 2, 4 * env.n + 2), 1
    env.bits[env.length % _RING] = integers(env.stream, 0, 2)
    seen[0] = env.bits[env.length % _RING]
    env.last = env.length + 1 >= env.steps
    if env.last:
        seen[env.lag - 1 if rule.multi else 1] = 1
    return env.last


@leaf
def bit(env: Record, ago: int) -> int:
    """The bit shown that many steps ago."""
    return env.bits[(env.length - ago) % _RING]


class LastBits(Quiz, ABC):
    """A question about the last N bits, with two answers.

    Args:
        play: The compiled loop over envs.
        n: The largest N, at first.
        curriculum: `none`, `single` or `multi`.
        max_n: Where the curriculum stops.
        threshold: What the fraction of right answers must exceed.
        window: How many episodes of the batch are judged together.
        batch: `num_envs`, `levels`, `copy` and `render_mode` of `BatchedEnv`.
    """

    info_keys = ("reward", "length", "success", "n")

    def __init__(
        self,
        play: Callable[..., None],
        n: int,
        curriculum: Kind,
        max_n: int,
        threshold: float,
        window: int,
        **batch: Any,
    ) -> None:
        if curriculum not in _KINDS:
            raise ValueError(f"{curriculum=} is not allowed: choose from {', '.join(_KINDS)}")
        encode(_LIMITS, {"max_n": max_n, "window": window, "threshold": threshold})
        self.curriculum, self.max_n, self.threshold, self.window = curriculum, max_n, threshold, window
        heads = [f"query_{lag}" for lag in range(2, max_n + 1)] if curriculum == "multi" else ["query"]
        super().__init__(
            play,
            ["bit", *heads],
            2,
            {"n": Integer(2, max_n)},
            {"n": n},
            _STATE,
            rules=[("grows", np.bool_), ("multi", np.bool_)],
            **batch,
        )
        self._restart()

    def _restart(self) -> None:
        self._state["level"] = self._rules["n"][-1]
        for count in ("asked", "right"):
            self._state[count] = 0

    def _derive(self, rules: Array) -> None:
        rules["grows"], rules["multi"] = self.curriculum != "none", self.curriculum == "multi"

    def _judge(self, ends: Array) -> None:
        state = self._state
        judged = ends & state["ranked"]
        if not judged.any():
            return
        judged = np.stack([judged, judged & (state["lag"] == state["n"])], axis=1)
        state["asked"] += judged
        state["right"] += judged & (state["success"] == 1)[:, None]
        asked, right = state["asked"].sum(0), state["right"].sum(0)
        if asked[0] >= self.window:
            state["asked"], state["right"] = 0, 0
            if (right > self.threshold * asked).all() and state["level"][0] < self.max_n:
                state["level"] += 1
                state["ranked"] = False

    def _bounds(self, state: Array, rules: Array) -> Bounds:
        playing = state["phase"] == PLAYING
        return {
            **super()._bounds(state, rules),
            "level": (2, self.max_n),
            "asked": (0, MANY),
            "right": (0, state["asked"]),
            "n": (2 * playing, self.max_n),
            "lag": (2 * playing, state["n"]),
            "steps": (playing, 4 * self.max_n + 1),
            "length": (0, state["steps"] - playing),
            "bits": (0, 1),
        }
