"""Mortar Mayhem equals Memory Gym's, to the byte."""

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memorl.envs import MortarMayhem

VARIANTS: dict[str, dict[str, bool]] = {
    "MortarMayhem-v0": {},
    "MortarMayhem-Grid-v0": {"grid": True},
    "MortarMayhemB-v0": {"act_only": True},
    "MortarMayhemB-Grid-v0": {"grid": True, "act_only": True},
}
TRACES = np.load(Path(__file__).parent / "data" / "mortar_mayhem.npz")
EPISODES: list[dict[str, Any]] = json.loads(str(TRACES["meta"]))
CASES = sorted({episode["key"].split("_")[0] for episode in EPISODES}, key=int)


def pictures(observation: Any) -> np.ndarray:
    return observation["visual_observation"] if isinstance(observation, dict) else observation


def digests(observation: Any) -> list[tuple[int, int]]:
    vectors = observation["vector_observation"] if isinstance(observation, dict) else None
    return [
        (zlib.crc32(picture), 0 if vectors is None else zlib.crc32(vectors[i]))
        for i, picture in enumerate(pictures(observation))
    ]


def replay(episodes: list[dict[str, Any]]) -> None:
    """Play recorded episodes of one case side by side; each is compared until its end."""
    traces = [{part: TRACES[f"{episode['key']}_{part}"] for part in "ardov"} for episode in episodes]
    envs = MortarMayhem(**VARIANTS[episodes[0]["env"]], num_envs=len(episodes))
    observation, info = envs.reset(seed=[episode["seed"] for episode in episodes], options=episodes[0]["options"])
    assert info == {}
    assert digests(observation) == [(trace["o"][0], trace["v"][0]) for trace in traces]
    for t in range(max(len(trace["a"]) for trace in traces)):
        playing = [i for i, trace in enumerate(traces) if t < len(trace["a"])]
        actions = np.zeros(envs.action_space.shape or (), np.int64)
        for i in playing:
            actions[i] = traces[i]["a"][t]
        observation, rewards, ends, truncations, infos = envs.step(actions)
        seen = digests(observation)
        assert not truncations.any()
        for i in playing:
            assert seen[i] == (traces[i]["o"][t + 1], traces[i]["v"][t + 1]), (episodes[i]["key"], t)
            assert (rewards[i], ends[i]) == (traces[i]["r"][t], traces[i]["d"][t]), (episodes[i]["key"], t)
            if ends[i]:
                reported = {key: float(values[i]) for key, values in infos.items() if not key.startswith("_")}
                assert reported == episodes[i]["infos"][-1]
                assert all(infos[f"_{key}"][i] for key in reported)


@pytest.mark.parametrize("episode", EPISODES, ids=lambda episode: episode["key"])
def test_recorded_episode_alone(episode: dict[str, Any]) -> None:
    replay([episode])


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_as_a_batch(case: str) -> None:
    replay([episode for episode in EPISODES if episode["key"].split("_")[0] == case])


@pytest.mark.parametrize(
    ("name", "digest", "ended", "total"),
    [
        ("MortarMayhem-v0", "6afd9c71535298be8e65a6714be466440052a695", 6, 0.0),
        ("MortarMayhem-Grid-v0", "b2f9de519d8197826eb60218006b51e310121b51", 8, 0.0),
        ("MortarMayhemB-v0", "01e2660bf22e4a00d28770229d85d335287d38d8", 19, 0.2),
        ("MortarMayhemB-Grid-v0", "a4a4ed4033807380de176262fe83a332a22f0869", 45, 1.0),
    ],
)
def test_golden_hash_over_episodes(name: str, digest: str, ended: int, total: float) -> None:
    """400 random actions through Memory Gym itself, a new seed at each end, hashed there once and for all."""
    env, tape = MortarMayhem(**VARIANTS[name]), np.random.default_rng(123)
    hashed, episodes, returned = hashlib.sha1(), 0, 0.0
    observation, _ = env.reset(seed=7)
    hashed.update(pictures(observation).tobytes())
    for _ in range(400):
        action = int(tape.integers(0, 4)) if env.grid else tape.integers(0, 3, 2)
        observation, rewards, ends, _, _ = env.step(np.array([action]))
        hashed.update(pictures(observation).tobytes())
        hashed.update(rewards.tobytes())
        returned += rewards[0]
        if ends[0]:
            episodes += 1
            observation, _ = env.reset(seed=7 + episodes)
            hashed.update(pictures(observation).tobytes())
    assert (episodes, round(returned, 9)) == (ended, total)
    assert hashed.hexdigest() == digest
