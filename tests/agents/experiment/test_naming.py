"""The path of a run says what was run."""

import re
from pathlib import Path
from typing import Any

import pytest

from memorl.agents.experiment.naming import MAX_LENGTH, name_folder

CONFIG: dict[str, Any] = {
    "seed": 0,
    "num_envs": 16,
    "total_steps": 1000000,
    "device": "cpu",
    "env": {"_target_": "memorl.envs.FromGymnasium", "id": "CartPole-v1", "levels": {"start": 0, "count": 5}},
    "memory": {"_target_": "memorl.memory.GRU", "hidden_size": 64, "init_gain": 2**0.5},
    "encoder": {"_target_": "memorl.agents.Encoder", "output_size": 512},
    "model": {"_target_": "memorl.agents.ActorCritic", "precision": "float32"},
    "agent": {"_target_": "memorl.agents.PPO", "lr": 1e-3, "gamma": 0.995},
}

CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "nothing": ("runs/copy/gru/ppo/now-s0", {"env": "copy", "memory": "gru"}, "runs/copy-CartPole-v1/gru/ppo/now-s0"),
    "id": ("runs/gymnasium/gru/ppo/now-s0", {"env.id": "CartPole-v1"}, "runs/gymnasium-CartPole-v1/gru/ppo/now-s0"),
    "id as a choice": ("runs/CartPole-v1/gru/ppo/now-s0", {"env": "CartPole-v1"}, "runs/CartPole-v1/gru/ppo/now-s0"),
    "differs": (
        "runs/copy/gru/ppo/now-s0",
        {"num_envs": "16", "agent.lr": "1e-3", "memory.hidden_size": "64"},
        "runs/copy-CartPole-v1/gru/ppo/agent.lr=0.001,memory.hidden_size=64,num_envs=16/now-s0",
    ),
    "the default": (
        "runs/copy/gru/ppo/now-s0",
        {"agent.gamma": "0.995", "encoder.output_size": "512", "model.precision": "float32", "memory.init_gain": "x"},
        "runs/copy-CartPole-v1/gru/ppo/now-s0",
    ),
    "not learned from": (
        "runs/copy/gru/ppo/now-s3",
        {"device": "cpu", "threads": "1", "seed": "3", "checkpoint_every": "2", "trust": "true"},
        "runs/copy-CartPole-v1/gru/ppo/now-s3",
    ),
    "a dictionary": (
        "runs/copy/gru/ppo/now-s0",
        {"env.levels": "{start:0,count:5}"},
        "runs/copy-CartPole-v1/gru/ppo/env.levels=start-0+count-5/now-s0",
    ),
    "a nested setting": (
        "runs/copy/gru/ppo/now-s0",
        {"agent": {"lr": 1e-3}},
        "runs/copy-CartPole-v1/gru/ppo/agent.lr=0.001/now-s0",
    ),
    "a choice": (
        "runs/copy/gru/ppo/now-s0",
        {"experiment": "laptop_delayed_cue", "total_steps": "1e6"},
        "runs/copy-CartPole-v1/gru/ppo/experiment=laptop_delayed_cue,total_steps=1000000/now-s0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_path_says_what_differs(case: str) -> None:
    folder, changed, expected = CASES[case]
    assert name_folder(Path(folder), CONFIG, changed).as_posix() == expected


@pytest.mark.parametrize(
    "id", ["my.package:Sub/Env-v0", "../../etc/passwd", "ä ö\n", "x" * 500, "..", "a\0b", ".hidden"]
)
def test_names_are_safe_and_short_and_stay_apart(id: str) -> None:
    folder = Path("runs/gymnasium/gru/ppo/now-s0")
    named = name_folder(folder, CONFIG | {"env": {"_target_": "memorl.envs.FromGymnasium", "id": id}}, {})
    assert named.parts[0] == "runs"
    assert len(named.parts) == 5
    assert all(re.fullmatch(r"[\w.,=+-]+", part, re.ASCII) and part not in (".", "..") for part in named.parts)
    assert max(map(len, named.parts)) <= MAX_LENGTH
    long = [CONFIG | {"env": {"_target_": "memorl.envs.FromGymnasium", "id": "x" * 500 + end}} for end in "ab"]
    assert name_folder(folder, long[0], {}) != name_folder(folder, long[1], {})
