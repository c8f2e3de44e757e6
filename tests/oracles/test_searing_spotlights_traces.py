"""Searing Spotlights equals Memory Gym's, to the byte."""

import hashlib
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memorl.envs import SearingSpotlights

VARIANTS: dict[str, dict[str, bool]] = {"SearingSpotlights-v0": {}, "Endless-SearingSpotlights-v0": {"endless": True}}
TRACES = np.load(Path(__file__).parent / "data" / "searing_spotlights.npz")
EPISODES: list[dict[str, Any]] = json.loads(str(TRACES["meta"]))
CASES = sorted({episode["key"].split("_")[0] for episode in EPISODES if episode["key"][0] != "v"}, key=int)


def of_case(case: str) -> list[dict[str, Any]]:
    return [episode for episode in EPISODES if episode["key"].split("_")[0] == case]


def told(infos: Mapping[str, Any], i: int) -> dict[str, Any]:
    """What the infos say of env i, as the recorder wrote it; None is nan."""
    keys = [key for key in infos if not key.startswith("_") and infos[f"_{key}"][i]]
    values = {key: infos[key][i].tolist() for key in keys}
    return {key: None if value != value else value for key, value in values.items()}


def replay(envs: SearingSpotlights, episodes: list[dict[str, Any]], after_another: bool = False) -> None:
    """Play recorded episodes of one case side by side; each is compared until its end.

    Episodes of a case were recorded one after the other in one env. Where darkness sets in at once the first picture
    shows spotlights of the episode before, so that it can be compared only if that was played, too.
    """
    traces = [{part: TRACES[f"{episode['key']}_{part}"] for part in "ardo"} for episode in episodes]
    options = episodes[0]["options"]
    observation, infos = envs.reset(seed=[episode["seed"] for episode in episodes], options=options)
    for i, episode in enumerate(episodes):
        assert told(infos, i) == episode["infos"][0]
        if after_another or options.get("light_dim_off_duration") != 0 or episode["key"].endswith("_0"):
            assert zlib.crc32(observation[i]) == traces[i]["o"][0]
    for t in range(max(len(trace["a"]) for trace in traces)):
        playing = [i for i, trace in enumerate(traces) if t < len(trace["a"])]
        actions = np.zeros((len(episodes), 2), np.int64)
        for i in playing:
            actions[i] = traces[i]["a"][t]
        observation, rewards, ends, truncations, infos = envs.step(actions)
        assert not truncations.any()
        for i in playing:
            assert zlib.crc32(observation[i]) == traces[i]["o"][t + 1], (episodes[i]["key"], t)
            assert (rewards[i], ends[i]) == (traces[i]["r"][t], traces[i]["d"][t]), (episodes[i]["key"], t)
            if ends[i]:
                assert told(infos, i) == episodes[i]["infos"][-1]
            else:
                assert told(infos, i).keys() == set(envs.every_step_keys)


@pytest.mark.parametrize("episode", EPISODES, ids=lambda episode: episode["key"])
def test_recorded_episode_alone(episode: dict[str, Any]) -> None:
    replay(SearingSpotlights(**VARIANTS[episode["env"]]), [episode])


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_as_a_batch(case: str) -> None:
    episodes = of_case(case)
    replay(SearingSpotlights(**VARIANTS[episodes[0]["env"]], num_envs=len(episodes)), episodes)


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_one_after_the_other(case: str) -> None:
    """In one env, as they were recorded, what an episode leaves to the next included."""
    episodes = of_case(case)
    env = SearingSpotlights(**VARIANTS[episodes[0]["env"]])
    for episode in episodes:
        replay(env, [episode], after_another=True)


@pytest.mark.parametrize(
    ("name", "digest", "ended", "total"),
    [
        ("SearingSpotlights-v0", "fe68cebd9a0f32d7367a3f2606357c2cb837e655", 2, 0.0),
        ("Endless-SearingSpotlights-v0", "1b394367a0f6caaefd796c94c39f80c0d2287b3a", 2, 0.0),
    ],
)
def test_golden_hash_over_episodes(name: str, digest: str, ended: int, total: float) -> None:
    """400 random actions through Memory Gym itself, a new seed at each end, hashed there once and for all."""
    env, tape = SearingSpotlights(**VARIANTS[name]), np.random.default_rng(123)
    hashed, episodes, returned = hashlib.sha1(), 0, 0.0
    observation, _ = env.reset(seed=7)
    hashed.update(observation.tobytes())
    for _ in range(400):
        observation, rewards, ends, _, _ = env.step(tape.integers(0, 3, (1, 2)))
        hashed.update(observation.tobytes())
        hashed.update(rewards.tobytes())
        returned += rewards[0]
        if ends[0]:
            episodes += 1
            observation, _ = env.reset(seed=7 + episodes)
            hashed.update(observation.tobytes())
    assert (episodes, round(returned, 9)) == (ended, total)
    assert hashed.hexdigest() == digest
