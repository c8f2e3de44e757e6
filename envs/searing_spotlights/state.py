"""The state of an env of Searing Spotlights between steps, and the bounds of a loaded state."""

from typing import Any

import numpy as np

from memorl.envs.drawing.canvas import SIZE
from memorl.envs.engine.fields import Array, Field, fields

from .beams import BEAMS
from .options import MAX_COINS


def _most_coins(state: Array, params: Array) -> Any:
    return np.where(params["endless"], 1, params["num_coins"][:, 1:].max(1))


STATE: list[Field] = [
    *BEAMS,
    *fields("x y", low=0, high=SIZE + 2),
    Field("facing", low=0, high=7),
    Field("alpha", low=0, high=255),
    Field("red_width", low=0, high=SIZE),
    Field("coin_t", low=0, high=2**62),
    Field("coin_count", low=0, high=_most_coins),
    Field("num_taken", low=0, high=2**62),
    *fields("bar_across bar_down next_across next_down", low=0, high=2),
    *fields("exit_open is_hurt bar_reward next_reward success", low=0, high=1),
    *fields("exit_x exit_y", low=0, high=SIZE),
    Field("coins", low=0, high=SIZE, shape=(MAX_COINS, 2)),
    *fields("health agent_health coins_collected", np.float64),
    Field("ground_truth", np.float64, shape=(4,)),
]
