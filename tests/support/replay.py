"""Episodes that were recorded in Memory Gym, replayed in our environments and compared to the byte."""

import hashlib
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from memorl.envs import BatchedEnv

DATA = Path(__file__).parents[1] / "oracles" / "data"
Episode = dict[str, Any]


class Traces:
    """Recorded episodes of a game: actions `a`, rewards `r`, ends `d`, checksums `o` of pictures, `v` of vectors."""

    def __init__(self, name: str) -> None:
        self.arrays = np.load(DATA / f"{name}.npz")
        self.episodes: list[Episode] = json.loads(str(self.arrays["meta"]))

    def cases(self, left_out: str = "") -> dict[str, list[Episode]]:
        """Return the episodes of each case; cases whose names begin with `left_out` are not among them."""
        keys = {episode["key"].split("_")[0] for episode in self.episodes}
        names = sorted(key for key in keys if not left_out or not key.startswith(left_out))
        return {name: [one for one in self.episodes if one["key"].split("_")[0] == name] for name in names}

    def replay(self, envs: BatchedEnv, episodes: list[Episode], compared_first: Sequence[bool] | None = None) -> None:
        """Play episodes of one case side by side and compare each until its end.

        Args:
            envs: As many envs as episodes.
            episodes: Episodes with the same options.
            compared_first: True for each episode whose first picture is compared; without it, all are.
        """
        traces = [
            {part: self.arrays[f"{one['key']}_{part}"] for part in "ardov" if f"{one['key']}_{part}" in self.arrays}
            for one in episodes
        ]
        observation, infos = envs.reset(seed=[one["seed"] for one in episodes], options=episodes[0]["options"])
        assert all(infos[f"_{key}"].all() for key in infos if not key.startswith("_"))
        for i, episode in enumerate(episodes):
            assert info_of(infos, i) == episode["infos"][0]
            if compared_first is None or compared_first[i]:
                assert digests(observation, i) == recorded(traces[i], 0), episode["key"]
        for t in range(max(len(trace["a"]) for trace in traces)):
            playing = [i for i, trace in enumerate(traces) if t < len(trace["a"])]
            actions = np.zeros(envs.action_space.shape or (), np.int64)
            for i in playing:
                actions[i] = traces[i]["a"][t]
            observation, rewards, ends, truncations, infos = envs.step(actions)
            assert not truncations.any()
            for i in playing:
                assert digests(observation, i) == recorded(traces[i], t + 1), (episodes[i]["key"], t)
                assert (rewards[i], ends[i]) == (traces[i]["r"][t], traces[i]["d"][t]), (episodes[i]["key"], t)
                if ends[i]:
                    assert info_of(infos, i) == episodes[i]["infos"][-1]
                    assert all(infos[f"_{key}"][i] for key in infos if not key.startswith("_"))
                else:
                    assert info_of(infos, i).keys() == set(envs.every_step_keys)


def info_of(infos: dict[str, Any], i: int) -> dict[str, Any]:
    """Return the info of env i as the recorder wrote it; None is nan."""
    keys = [key for key in infos if not key.startswith("_") and infos[f"_{key}"][i]]
    values = {key: infos[key][i].tolist() for key in keys}
    return {key: None if value != value else value for key, value in values.items()}


def pictures_of(observation: Any) -> np.ndarray:
    return observation["visual_observation"] if isinstance(observation, dict) else observation


def digests(observation: Any, i: int) -> tuple[int, int]:
    vector = zlib.crc32(observation["vector_observation"][i]) if isinstance(observation, dict) else 0
    return zlib.crc32(pictures_of(observation)[i]), vector


def recorded(trace: dict[str, np.ndarray], t: int) -> tuple[int, int]:
    return trace["o"][t], trace["v"][t] if "v" in trace else 0


def golden_hash(env: BatchedEnv) -> tuple[str, int, float]:
    """Return the hash, the number of ends and the sum of rewards of 400 random actions, a new seed at each end."""
    tape = np.random.default_rng(123)
    is_discrete = env.single_action_space.shape == ()
    hashed = hashlib.sha1()
    ended = 0
    returned = 0.0
    hashed.update(pictures_of(env.reset(seed=7)[0]).tobytes())
    for _ in range(400):
        action = int(tape.integers(0, 4)) if is_discrete else tape.integers(0, 3, 2)
        observation, rewards, ends, _, _ = env.step(np.array([action]))
        hashed.update(pictures_of(observation).tobytes())
        hashed.update(rewards.tobytes())
        returned += rewards[0]
        if ends[0]:
            ended += 1
            hashed.update(pictures_of(env.reset(seed=7 + ended)[0]).tobytes())
    return hashed.hexdigest(), ended, round(returned, 9)
