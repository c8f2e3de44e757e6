"""A configuration records every argument, and means the same when it is read again."""

import copy
import inspect
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra.utils import get_object
from omegaconf import OmegaConf

import memorl.configs
from memorl.agents.experiment import Run, build_stream
from tests.support.memories import names
from tests.support.runs import composed, small

CONFIGS = Path(next(iter(memorl.configs.__path__)))
PEERS = ("minigrid", "popgym", "gymnasium", "gymnax")
ENVS = sorted(file.stem for file in (CONFIGS / "env").glob("*.yaml") if not file.stem.startswith(PEERS))


def assert_records_every_argument(part: dict[str, Any]) -> None:
    parameters = inspect.signature(get_object(part["_target_"])).parameters
    given_at_run_time = {
        "num_envs",
        "observation_space",
        "input_size",
        "encoder",
        "memory",
        "actions",
        "space",
        "model",
    }
    assert parameters.keys() - given_at_run_time <= part.keys()


@pytest.mark.parametrize("memory", [name for name in names() if "[" not in name])
def test_a_run_records_every_argument_and_is_the_same_again(memory: str) -> None:
    overrides = [a for a in small() if not a.startswith("memory.")]
    given = composed(*overrides, f"memory={memory}", "run_dir=none")
    before = copy.deepcopy(given)
    run = Run(given)
    assert given == before, "what is composed is left as it is"
    for part in ("env", "memory", "encoder", "model", "agent"):
        assert_records_every_argument(run.config[part])
    assert OmegaConf.to_container(OmegaConf.create(OmegaConf.to_yaml(run.config))) == run.config
    torch.manual_seed(0)
    again = Run(run.config)
    assert again.config == run.config


def test_a_deep_memory_is_recorded_whole() -> None:
    config = composed(*small("memory=lstm", "memory.layers=2"), "run_dir=none")
    run = Run(config)
    assert {"layers", "size", "feedforward", "expansion", "hidden_size", "heads"} <= run.config["memory"].keys()
    assert str(Run(run.config).model) == str(run.model)


@pytest.mark.parametrize("env", ENVS)
def test_an_environment_is_recorded_whole(env: str) -> None:
    config = composed(f"env={env}", "run_dir=none")
    first = build_stream(config, 2, torch.device("cpu"))
    assert_records_every_argument(config["env"])
    again = copy.deepcopy(config)
    second = build_stream(again, 2, torch.device("cpu"))
    assert again == config
    for one, other in zip(first.reset(0).obs.values(), second.reset(0).obs.values(), strict=True):
        assert torch.equal(one, other)


def test_schedules_run_over_all_steps_unless_they_are_told() -> None:
    assert Run(composed(*small(), "total_steps=12345", "run_dir=none")).agent.anneal_steps == 12345
    told = composed(*small("agent.anneal_steps=77"), "total_steps=12345", "run_dir=none")
    assert Run(told).agent.anneal_steps == 77


def test_few_environments_are_enough_for_the_defaults() -> None:
    config = composed(
        *(a for a in small("num_envs=4") if not a.startswith(("agent.", "sequence_length"))), "run_dir=none"
    )
    run = Run(config)
    assert run.agent.minibatches == 4
    assert run.config["agent"]["minibatches"] == 4
