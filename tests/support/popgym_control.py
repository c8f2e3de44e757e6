"""Policies for POPGym's poles and pendulums. Each filters the state, and acts on it as if it were sure of it.

A pole has the state (x, x', a, a'), with the force +-10 N as in envs/popgym/cart_pole.py, here linear in it.
"""

from collections.abc import Callable

import numpy as np

from memorl.envs.popgym.task import POPGymTask

from .popgym_play import Acting, Array, Policy, memoryless

_SECONDS = 0.02
_STEP = np.eye(4) + _SECONDS * np.array([[0, 1, 0, 0], [0, 0, -0.71709, 0], [0, 0, 0, 1], [0, 0, 15.776, 0]])
_PUSH = _SECONDS * 10 * np.array([0, 0.97561, 0, -1.46341])
_SHOWN = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0]])
_GAINS = np.array([0.3, 1.4, 28, 7])
"""Those of a linear regulator with a high price of force, which suits a state that is not sure."""


def balance_by_positions(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Cart Pole with positions: a Kalman filter."""
    noise = max(float(envs._sizes["noise"]), 1e-3)
    state = np.zeros((envs.num_envs, 4))
    covariance = np.eye(4) * 0.05**2 / 3
    observation = yield
    while True:
        gain = covariance @ _SHOWN.T @ np.linalg.inv(_SHOWN @ covariance @ _SHOWN.T + noise**2 * np.eye(2))
        state = state + (observation - state @ _SHOWN.T) @ gain.T
        covariance = covariance - gain @ _SHOWN @ covariance
        right = state @ _GAINS > 0
        state = state @ _STEP.T + np.where(right, 1, -1)[:, None] * _PUSH
        covariance = _STEP @ covariance @ _STEP.T
        observation = yield right.astype(np.int64)


def balance_by_speeds(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Cart Pole with speeds: positions are shown once, and then summed up; the first speeds count as 0."""
    positions = (yield).astype(np.float64)
    speeds = np.zeros_like(positions)
    while True:
        right = np.stack([positions[:, 0], speeds[:, 0], positions[:, 1], speeds[:, 1]], 1) @ _GAINS > 0
        positions += _SECONDS * speeds
        speeds = yield right.astype(np.int64)


def swing_up(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Pendulum: a Kalman filter of angle and speed; pump energy, and near the top hold it."""
    noise = max(float(envs._sizes["noise"]), 1e-3) ** 2
    observation = yield
    angle = np.arctan2(observation[:, 1], observation[:, 0]).astype(np.float64)
    speed = np.zeros_like(angle)
    p, c, w = np.full_like(angle, noise), np.zeros_like(angle), np.full_like(angle, 1 / 3)
    while True:
        wrapped = (angle + np.pi) % (2 * np.pi) - np.pi
        energy = speed**2 / 2 + 15 * np.cos(angle)
        pump = np.where(speed >= 0, 2, -2) * np.sign(15 - energy)
        torque = np.clip(np.where(np.abs(wrapped) < 1, -20 * wrapped - 6 * speed, pump), -2, 2)
        slope = 0.75 * np.cos(angle)
        speed = np.clip(speed + 0.75 * np.sin(angle) + 0.15 * torque, -8, 8)
        angle = angle + 0.05 * speed
        c, w = slope * p + c, slope**2 * p + 2 * slope * c + w + 1e-3
        p, c = p + 0.1 * c + 0.0025 * w, c + 0.05 * w
        observation = yield torque[:, None].astype(np.float32)
        error = observation[:, 1] * np.cos(angle) - observation[:, 0] * np.sin(angle)
        total = p + noise
        angle = angle + p / total * error
        speed = speed + c / total * error
        p, c, w = p - p * p / total, c - c * p / total, w - c * c / total


def _push_right(chance_logit: Callable[[Array, Array], Array]) -> Policy:
    """Return a policy that pushes to the right with the chance 1 / (1 + exp(-logit)) of both numbers that are shown."""

    def choose(observation: Array, rng: np.random.Generator) -> Array:
        logit = np.clip(chance_logit(observation[:, 0], observation[:, 1]), -50, 50)
        return (rng.random(len(logit)) < 1 / (1 + np.exp(-logit))).astype(np.int64)

    return memoryless(choose)


push_in_stripes = _push_right(lambda x, angle: 64.4 * angle - 0.8 * x - 7.6 * np.sin(190 * angle + 33.6 * x))
push_towards_the_lean = _push_right(lambda x, angle: 70 * angle - 1.5 * x)
push_against_speeds = memoryless(lambda seen, rng: (seen[:, 1] + 0.1 * seen[:, 0] > 0).astype(np.int64))
turn_to_the_top = memoryless(
    lambda seen, rng: np.clip(-10 * np.arctan2(seen[:, 1], seen[:, 0]), -2, 2)[:, None].astype(np.float32)
)
