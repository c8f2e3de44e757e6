"""Endless Mortar Mayhem equals Memory Gym's, to the byte."""

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memorl.envs import MortarMayhem

TRACES = np.load(Path(__file__).parent / "data" / "endless_mortar_mayhem.npz")

EPISODES: list[dict[str, Any]] = json.loads(str(TRACES["meta"]))
CASES = {
    case: [episode for episode in EPISODES if episode["key"].split("_")[0] == case]
    for case in sorted({episode["key"].split("_")[0] for episode in EPISODES})
}


def replay(envs: MortarMayhem, episodes: list[dict[str, Any]]) -> None:
    """Play recorded episodes of one case side by side; each is compared until its end."""
    traces = [{part: TRACES[f"{episode['key']}_{part}"] for part in "ardo"} for episode in episodes]
    observation, infos = envs.reset(seed=[episode["seed"] for episode in episodes], options=episodes[0]["options"])
    assert [zlib.crc32(picture) for picture in observation] == [trace["o"][0] for trace in traces]
    assert infos["_ground_truth"].all()
    assert infos["ground_truth"].tolist() == [episode["infos"][0]["ground_truth"] for episode in episodes]
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
                reported = {key: values[i].tolist() for key, values in infos.items() if not key.startswith("_")}
                assert reported == episodes[i]["infos"][-1]
                assert all(infos[f"_{key}"][i] for key in reported)


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_one_after_the_other(case: str) -> None:
    env = MortarMayhem(endless=True)
    for episode in CASES[case]:
        replay(env, [episode])


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_as_a_batch(case: str) -> None:
    """Env i of the batch begins where the episode before its own left the figure."""
    env, befores = MortarMayhem(endless=True), []
    for episode in CASES[case]:
        befores.append(env.state_dict())
        replay(env, [episode])
    batch = MortarMayhem(endless=True, num_envs=len(befores))
    state = batch.state_dict()
    looks = {key: np.concatenate([before[key] for before in befores]) for key in state if key.startswith("state.drawn")}
    batch.load_state_dict(state | looks)
    replay(batch, CASES[case])


def test_golden_hash_over_episodes() -> None:
    """400 random actions through Memory Gym itself, a new seed at each end, hashed there once and for all."""
    env, tape = MortarMayhem(endless=True), np.random.default_rng(123)
    hashed, episodes, returned = hashlib.sha1(), 0, 0.0
    hashed.update(env.reset(seed=7)[0].tobytes())
    for _ in range(400):
        observation, rewards, ends, _, _ = env.step(tape.integers(0, 3, (1, 2)))
        hashed.update(observation.tobytes())
        hashed.update(rewards.tobytes())
        returned += rewards[0]
        if ends[0]:
            episodes += 1
            hashed.update(env.reset(seed=7 + episodes)[0].tobytes())
    assert (episodes, round(returned, 9)) == (17, 0.1)
    assert hashed.hexdigest() == "5726fb6b68576cc30173805e146f791a4f3fd8cc"
