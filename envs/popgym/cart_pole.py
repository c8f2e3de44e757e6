"""The cart and pole of Gymnasium's CartPole-v1, of which POPGym shows a part (Barto, Sutton and Anderson, 1983).

With the force F, the angle a of the pole, the masses M of both and m of the pole and its half length l:

    q = (F + m l a'^2 sin a) / M                                                                                   (1)
    a'' = (g sin a - q cos a) / (l (4/3 - m cos^2 a / M)),     x'' = q - m l a'' cos a / M                           (2)

and one step of Euler's method. It is over when |x| or |a| is beyond its limit.
"""

import math
from typing import Any

import numpy as np

from memorl.envs.engine.draws import normal
from memorl.envs.engine.episodes import end_episode
from memorl.envs.engine.fields import Array, Field, fields
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch
from memorl.envs.engine.rng import uniform

X_LIMIT = 2.4
ANGLE_LIMIT = 12 * 2 * math.pi / 360
HIGHEST = np.array([2 * X_LIMIT, 2 * ANGLE_LIMIT], np.float32)
"""The bounds of the position and the angle that are shown."""

_GRAVITY = 9.8
_POLE_MASS = 0.1
_MASS = 0.1 + 1.0
_HALF_LENGTH = 0.5
_POLE_MASS_LENGTH = 0.1 * 0.5
_FORCE = 10.0
_SECONDS = 0.02
_START = 0.05


@jit
def start(env: Record, params: Record) -> None:
    """Place the cart and the pole near the middle, almost at rest."""
    env.x = uniform(env.rng, -_START, _START)
    env.x_speed = uniform(env.rng, -_START, _START)
    env.angle = uniform(env.rng, -_START, _START)
    env.angle_speed = uniform(env.rng, -_START, _START)


@jit
def advance(env: Record, params: Record, action: Array) -> float:
    """Push the cart for one step; the reward of POPGym."""
    force = _FORCE if action[0] == 1 else -_FORCE
    cosine = math.cos(env.angle)
    sine = math.sin(env.angle)
    q = (force + _POLE_MASS_LENGTH * (env.angle_speed * env.angle_speed) * sine) / _MASS
    inertia = _HALF_LENGTH * (4.0 / 3.0 - _POLE_MASS * (cosine * cosine) / _MASS)
    angle_acceleration = (_GRAVITY * sine - cosine * q) / inertia
    x_acceleration = q - _POLE_MASS_LENGTH * angle_acceleration * cosine / _MASS
    env.x += _SECONDS * env.x_speed
    env.x_speed += _SECONDS * x_acceleration
    env.angle += _SECONDS * env.angle_speed
    env.angle_speed += _SECONDS * angle_acceleration
    has_fallen = abs(env.x) > X_LIMIT or abs(env.angle) > ANGLE_LIMIT
    end_episode(env, has_fallen, env.length + 1 >= params.limit)
    return 1.0 / params.limit


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    if params.shows_speeds == 1 and env.length > 0:
        vector[0] = env.x_speed
        vector[1] = env.angle_speed
    else:
        vector[0] = env.x
        vector[1] = env.angle
    if params.noise > 0:
        for i in range(2):
            noisy = vector[i] + np.float32(params.noise * normal(env.rng))
            vector[i] = min(max(noisy, -HIGHEST[i]), HIGHEST[i])


STEP_BATCH = compile_step_batch(start, advance, describe=_describe)

STATE: list[Field] = fields("x x_speed angle angle_speed", np.float64, -1e6, 1e6)


def make_sizes(limit: int, noise: float = 0.0, shows_speeds: bool = False) -> dict[str, int | float]:
    """Return what a difficulty sets: the steps of an episode, the deviation of the noise, and which half is shown."""
    return {"limit": limit, "noise": noise, "shows_speeds": int(shows_speeds)}
