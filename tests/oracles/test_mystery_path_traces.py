"""Mystery Path equals Memory Gym's, to the byte."""

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memorl.envs import MysteryPath

VARIANTS: dict[str, dict[str, bool]] = {
    "MysteryPath-v0": {},
    "MysteryPath-Grid-v0": {"grid": True},
    "Endless-MysteryPath-v0": {"endless": True},
}
TRACES = np.load(Path(__file__).parent / "data" / "mystery_path.npz")
EPISODES: list[dict[str, Any]] = json.loads(str(TRACES["meta"]))
CASES = sorted({episode["key"].split("_")[0] for episode in EPISODES}, key=int)


def reported(infos: dict[str, Any], i: int) -> dict[str, Any]:
    """The info of env i, as the traces write it."""
    keys = [key for key in infos if not key.startswith("_") and infos[f"_{key}"][i]]
    return {key: np.asarray(infos[key][i], np.float64).tolist() for key in keys}


def replay(episodes: list[dict[str, Any]]) -> None:
    """Play recorded episodes of one case side by side; each is compared until its end."""
    traces = [{part: TRACES[f"{episode['key']}_{part}"] for part in "ardo"} for episode in episodes]
    envs = MysteryPath(**VARIANTS[episodes[0]["env"]], num_envs=len(episodes))
    observation, infos = envs.reset(seed=[episode["seed"] for episode in episodes], options=episodes[0]["options"])
    for i, episode in enumerate(episodes):
        assert reported(infos, i) == episode["infos"][0]
        assert zlib.crc32(observation[i]) == traces[i]["o"][0]
    for t in range(max(len(trace["a"]) for trace in traces)):
        playing = [i for i, trace in enumerate(traces) if t < len(trace["a"])]
        actions = np.zeros(envs.action_space.shape or (), np.int64)
        for i in playing:
            actions[i] = traces[i]["a"][t]
        observation, rewards, ends, truncations, infos = envs.step(actions)
        assert not truncations.any()
        for i in playing:
            assert zlib.crc32(observation[i]) == traces[i]["o"][t + 1], (episodes[i]["key"], t)
            assert (rewards[i], ends[i]) == (traces[i]["r"][t], traces[i]["d"][t]), (episodes[i]["key"], t)
            if ends[i]:
                assert reported(infos, i) == episodes[i]["infos"][-1]


@pytest.mark.parametrize("episode", EPISODES, ids=lambda episode: episode["key"])
def test_recorded_episode_alone(episode: dict[str, Any]) -> None:
    replay([episode])


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_as_a_batch(case: str) -> None:
    replay([episode for episode in EPISODES if episode["key"].split("_")[0] == case])


@pytest.mark.parametrize(
    ("name", "digest", "ended", "total"),
    [
        ("MysteryPath-v0", "672741eb166ebda1c94f326ba710908087eb34f2", 0, 0.2),
        ("MysteryPath-Grid-v0", "ff5cc538598ffd6db38963942ddc38e641b52802", 3, 0.0),
        ("Endless-MysteryPath-v0", "974a9bc79257085a48b98b4426b5b16889060436", 18, 1.9),
    ],
)
def test_golden_hash_over_episodes(name: str, digest: str, ended: int, total: float) -> None:
    """400 random actions through Memory Gym itself, a new seed at each end, hashed there once and for all."""
    env, tape = MysteryPath(**VARIANTS[name]), np.random.default_rng(123)
    hashed, episodes, returned = hashlib.sha1(), 0, 0.0
    observation, _ = env.reset(seed=7)
    hashed.update(observation.tobytes())
    for _ in range(400):
        action = int(tape.integers(0, 4)) if env.single_action_space.shape == () else tape.integers(0, 3, 2)
        observation, rewards, ends, _, _ = env.step(np.array([action]))
        hashed.update(observation.tobytes())
        hashed.update(rewards.tobytes())
        returned += rewards[0]
        if ends[0]:
            episodes += 1
            observation, _ = env.reset(seed=7 + episodes)
            hashed.update(observation.tobytes())
    assert (episodes, round(returned, 9)) == (ended, total)
    assert hashed.hexdigest() == digest
