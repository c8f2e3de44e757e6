"""The ten ids of Memory Gym as a whole: reset parameters, infos, and episodes that follow each other without a seed."""

import hashlib
import json
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from memorl.envs import BatchedEnv
from memorl.envs.engine.options import encode

OPTIONS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "memory_gym_options.json").read_text()
)
MORTAR = ("commands_completed", "length", "reward", "success")
INFOS = {
    "MortarMayhem-v0": MORTAR,
    "MortarMayhem-Grid-v0": MORTAR,
    "MortarMayhemB-v0": MORTAR,
    "MortarMayhemB-Grid-v0": MORTAR,
    "Endless-MortarMayhem-v0": ("commands_completed", "ground_truth", "length", "max_command_sequence", "reward"),
    "MysteryPath-v0": ("length", "num_fails", "reward", "success"),
    "MysteryPath-Grid-v0": ("length", "num_fails", "reward", "success"),
    "Endless-MysteryPath-v0": ("ground_truth", "length", "max_x", "num_fails", "reward", "tiles_visited"),
    "SearingSpotlights-v0": ("agent_health", "coins_collected", "length", "reward", "success"),
    "Endless-SearingSpotlights-v0": ("agent_health", "coins_collected", "ground_truth", "length", "reward"),
}
"""What infos hold at the end of an episode; `ground_truth` they always hold."""


def make(name: str, **arguments: Any) -> BatchedEnv:
    envs = gymnasium.make_vec(f"memorl/{name}", **{"num_envs": 1} | arguments)
    assert isinstance(envs, BatchedEnv)
    return envs


@pytest.mark.parametrize("name", OPTIONS)
def test_reset_parameters_have_memory_gyms_names_and_defaults(name: str) -> None:
    envs, theirs = make(name), OPTIONS[name]
    assert set(envs.options) == set(theirs)
    for key, value in encode(envs.options, theirs).items():
        assert np.array_equal(value, envs._arguments[key]), key
    given = make(name, **theirs)
    assert all(np.array_equal(given._arguments[key], envs._arguments[key]) for key in theirs)


@pytest.mark.parametrize(
    ("name", "digest", "ended", "total"),
    [
        ("MortarMayhem-v0", "48ebeab67c13f1fb0446138b14edf3f6dba46781", 19, 0.3),
        ("MortarMayhem-Grid-v0", "fc49b8fd090653b3bc8980dd4144b256a60dc19e", 24, 1.1),
        ("MortarMayhemB-v0", "56e2dce149ccb46606f86209ecfeade4d2a993dc", 59, 0.7),
        ("MortarMayhemB-Grid-v0", "0c078746ab61a9235db7f194e117a5f961489489", 143, 3.2),
        ("Endless-MortarMayhem-v0", "c35ba7ac1b5bc7235bf053f3dd95299c50e389c0", 48, 0.8),
        ("MysteryPath-v0", "e73866fd0ed3ba429a3b67c750ff772810db8645", 2, 0.7),
        ("MysteryPath-Grid-v0", "d63cedbce4d2fe7686825afe00fce2a450b5c1f9", 9, 0.0),
        ("Endless-MysteryPath-v0", "dc7ea284c12d75c18cd705d3bd28b12995f9986e", 49, 5.5),
        ("SearingSpotlights-v0", "943a33917b3b574b6d111bfd48941ea416f4404f", 13, 0.0),
        ("Endless-SearingSpotlights-v0", "aaea747fbb3ad3aeffee2e99973f40d7642e0e39", 13, 0.75),
    ],
)
def test_autoreset_gives_the_episodes_of_memory_gyms_reset_without_a_seed(
    name: str, digest: str, ended: int, total: float
) -> None:
    """1,200 random actions through Memory Gym itself, `reset()` at each end, hashed there with the last infos."""
    envs, tape = make(name), np.random.default_rng(123)
    hashed, episodes, returned, grid = hashlib.sha1(), 0, 0.0, envs.single_action_space.shape == ()

    def see(observation: Any) -> None:
        parts = observation if isinstance(observation, dict) else {"visual_observation": observation}
        for part in ("visual_observation", "vector_observation"):
            hashed.update(parts[part].tobytes() if part in parts else b"")

    see(envs.reset(seed=7)[0])
    for _ in range(1200):
        actions = np.array([tape.integers(0, 4) if grid else tape.integers(0, 3, 2)])
        observation, rewards, ends, _, infos = envs.step(actions)
        see(observation)
        hashed.update(rewards.tobytes())
        returned += rewards[0]
        if ends[0]:
            episodes += 1
            keys = sorted(key for key in infos if not key.startswith("_"))
            assert tuple(keys) == INFOS[name]
            for key in keys:
                hashed.update(np.asarray(infos[key][0], np.float64).tobytes())
            observation, rewards, ends, *_ = envs.step(np.zeros_like(actions))
            assert (rewards[0], ends[0]) == (0, False)
            see(observation)
    assert (episodes, round(returned, 9)) == (ended, total)
    assert hashed.hexdigest() == digest


@pytest.mark.parametrize("name", OPTIONS)
def test_ground_truth_is_in_every_info_and_the_rest_at_the_end_alone(name: str) -> None:
    envs = make(name, num_envs=2)
    always = {"ground_truth"} & set(INFOS[name])
    assert set(envs.info_keys) | set(envs.every_step_keys) == set(INFOS[name])
    _, infos = envs.reset(seed=0)
    for _ in range(5):
        assert {key for key in infos if not key.startswith("_")} == always
        *_, infos = envs.step(np.zeros(envs.action_space.shape or (), np.int64))
