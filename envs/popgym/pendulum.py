"""The pendulum of Gymnasium's Pendulum-v1, of which POPGym hides the speed.

With the angle a, which is 0 upright, and the torque u, all clipped to their bounds:

    cost = a^2 + 0.1 a'^2 + 0.001 u^2,  a in [-pi, pi)                                                              (1)
    a' <- a' + (3 g / (2 l) sin a + 3 / (m l^2) u) dt,     a <- a + a' dt                                           (2)

NumPy's squares are those of the C library's pow, of which one in a thousand is not the rounded product. So the
exponent is a number of the params here, which the compiler does not know: it would multiply.
"""

import math
from typing import Any

import numpy as np
from gymnasium.spaces import Box

from memorl.envs.engine.draws import normal
from memorl.envs.engine.episodes import end_episode
from memorl.envs.engine.fields import Array, Field, fields
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch
from memorl.envs.engine.rng import uniform

_MAX_TORQUE = np.float32(2.0)
_MAX_SPEED = 8.0
_SECONDS = 0.05
_PULL = 3 * 10.0 / (2 * 1.0)
_HALF_COST = 16.2736044 / 2
"""Half of the highest cost, which POPGym's rewards are scaled by."""

ACTIONS = Box(-_MAX_TORQUE, _MAX_TORQUE, (1,))


@jit
def start(env: Record, params: Record) -> None:
    """Draw an angle and a speed."""
    env.angle = uniform(env.rng, -math.pi, math.pi)
    env.speed = uniform(env.rng, -1.0, 1.0)


@jit
def swing(env: Record, params: Record, action: Array) -> float:
    """Turn the pendulum by a torque for one step, and return the cost (1)."""
    torque = min(max(action[0], -_MAX_TORQUE), _MAX_TORQUE)
    angle = (env.angle + math.pi) % (2 * math.pi) - math.pi
    effort = np.float32(0.001) * np.float32(torque ** np.float32(params.two))
    cost = angle**params.two + 0.1 * env.speed**params.two + np.float64(effort)
    push = np.float64(np.float32(3.0) * torque)
    speed = env.speed + (_PULL * math.sin(env.angle) + push) * _SECONDS
    env.speed = min(max(speed, -_MAX_SPEED), _MAX_SPEED)
    env.angle += env.speed * _SECONDS
    end_episode(env, False, env.length + 1 >= params.limit)
    return cost


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    return (-swing(env, params, action) + _HALF_COST) / _HALF_COST / params.limit


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    vector[0] = math.cos(env.angle)
    vector[1] = math.sin(env.angle)
    if params.noise > 0:
        for i in range(2):
            noisy = vector[i] + np.float32(params.noise * normal(env.rng))
            vector[i] = min(max(noisy, np.float32(-1)), np.float32(1))


STEP_BATCH = compile_step_batch(start, _advance, describe=_describe)

STATE: list[Field] = fields("angle speed", np.float64, -1e6, 1e6)


def make_sizes(limit: int, noise: float = 0.0) -> dict[str, int | float]:
    """Return what a difficulty sets: the steps of an episode, and the deviation of the noise."""
    return {"limit": limit, "noise": noise, "two": 2.0}
