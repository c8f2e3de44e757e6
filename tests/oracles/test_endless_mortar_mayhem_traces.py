"""Endless Mortar Mayhem equals Memory Gym's, to the byte."""

import numpy as np
import pytest

from memorl.envs import MortarMayhem
from tests.support.replay import Traces, golden_hash

TRACES = Traces("endless_mortar_mayhem")
CASES = TRACES.cases()


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_one_after_the_other(case: str) -> None:
    env = MortarMayhem(endless=True)
    for episode in CASES[case]:
        TRACES.replay(env, [episode])


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_as_a_batch(case: str) -> None:
    """Env i of the batch begins where the episode before its own left the figure."""
    env, befores = MortarMayhem(endless=True), []
    for episode in CASES[case]:
        befores.append(env.state_dict())
        TRACES.replay(env, [episode])
    batch = MortarMayhem(endless=True, num_envs=len(befores))
    state = batch.state_dict()
    looks = {key: np.concatenate([before[key] for before in befores]) for key in state if key.startswith("state.drawn")}
    batch.load_state_dict(state | looks)
    TRACES.replay(batch, CASES[case])


def test_golden_hash_over_episodes() -> None:
    """400 random actions through Memory Gym itself, a new seed at each end, hashed there once and for all."""
    expected = ("5726fb6b68576cc30173805e146f791a4f3fd8cc", 17, 0.1)
    assert golden_hash(MortarMayhem(endless=True)) == expected
