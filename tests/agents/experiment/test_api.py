"""Training and policies from Python: the names, the defaults and the results of the command line."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.vector import VectorEnv

from memorl.agents import TrainedRun, load_policy, train
from memorl.envs import RepeatPrevious
from memorl.memory import GRU
from tests.support.agents import Counter
from tests.support.runs import SMALL
from tests.support.scripts import call

SETTINGS: dict[str, Any] = {
    "total_steps": 300, "num_envs": 4, "rollout_steps": 16, "threads": 1, "device": "cpu", "quiet": True,
    "overrides": {"encoder": {"output_size": 8, "vector_size": 8}, "model.branch_size": 8, "model.body_size": 0},
}  # fmt: skip
TINY = {"hidden_size": 8}


class TinyGRU(GRU):
    """A memory of the user's."""

    def __init__(self, input_size: int, hidden_size: int = 8) -> None:
        super().__init__(input_size, hidden_size)


class Count(Counter):
    """An environment of the user's."""

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(5, False, gymnasium.spaces.Discrete(2))


def make_batch(num_envs: int, k: int = 1) -> VectorEnv:
    """Return a batch of environments."""
    return RepeatPrevious(num_envs=num_envs, k=k, length=6)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    """Return a run on an environment of Gymnasium's."""
    folder = tmp_path_factory.mktemp("api") / "run"
    return train(env="CartPole-v1", memory=TINY, last_action=True, run_dir=folder, **SETTINGS)


def test_it_returns_folder_metrics_and_policy(trained: TrainedRun) -> None:
    assert (trained.folder / "config.yaml").exists()
    steps = trained.metrics["step"]
    assert steps[-1] >= 300
    assert (np.diff(steps) > 0).all()
    assert len(trained.metrics["losses/policy_loss"]) == len(steps)
    assert trained.policy.act(np.zeros(4)) in (0, 1)


@pytest.mark.parametrize("best", [False, True])
def test_a_policy_of_a_folder_plays(trained: TrainedRun, best: bool) -> None:
    policy = load_policy(trained.folder, best=best, greedy=True)
    env = gymnasium.make("CartPole-v1")
    obs, _ = env.reset(seed=0)
    over = False
    while not over:
        obs, _, terminated, truncated, _ = env.step(policy.act(obs))
        over = terminated or truncated


def test_a_policy_of_a_folder_is_that_of_the_run(trained: TrainedRun) -> None:
    obs = np.random.default_rng(0).normal(size=(20, 3, 4))
    fresh = TrainedRun(trained.folder, trained.run).policy
    actions = [[policy.act(row).tolist() for row in obs] for policy in (fresh, load_policy(trained.folder))]
    assert actions[0] == actions[1]


def test_the_command_line_does_the_same(tmp_path: Path) -> None:
    arguments = [argument for argument in SMALL if argument != "env=repeat_previous"]
    done = call("train.py", "env=repeat_previous", *arguments, "total_steps=300", f"run_dir={tmp_path / 'script'}")
    assert done.returncode == 0, done.stderr
    names = [argument.partition("=")[::2] for argument in arguments]
    overrides = {name: int(value) if value.isdigit() else value for name, value in names}
    torch.rand(7)  # what was drawn before does not matter
    run = train(env="repeat_previous", total_steps=300, run_dir=tmp_path / "api", quiet=True, overrides=overrides)
    assert (run.folder / "metrics.csv").read_text() == (tmp_path / "script" / "metrics.csv").read_text()


@pytest.mark.parametrize(
    ("env", "memory"),
    [
        (Count, TinyGRU),
        (RepeatPrevious, "lru"),
        (make_batch, {"_target_": TinyGRU, "hidden_size": 4}),
        ({"_target_": "memorl.envs.Copy", "delay": 1}, "memorl.memory.NoMemory"),
        ("memorl/RepeatFirst-v0", "none"),
    ],
    ids=["classes", "class", "function", "dictionary", "id"],
)
def test_classes_and_functions_are_choices(env: Any, memory: Any, tmp_path: Path) -> None:
    settings = {**SETTINGS, "total_steps": 64}
    run = train(env=env, memory=memory, run_dir=tmp_path / "run", **settings)
    policy = load_policy(run.folder, trust=True)
    obs, _ = run.run.stream.env.reset(seed=0)
    assert len(policy.act(obs)) == 4


def test_what_has_no_name_is_refused() -> None:
    class Local(Count):
        """Nothing finds it again."""

    for env in (Local, lambda num_envs: make_batch(num_envs)):
        with pytest.raises(ValueError, match=r"env is .*; it must be at the top level of a module"):
            train(env=env, **SETTINGS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"memory": "grue"}, "memory is 'grue'; the nearest is gru; known are"),
        ({"env": "CartPole-v7"}, "env is 'CartPole-v7'; the nearest known are CartPole-v1"),
        ({"totl_steps": 3}, "totl_steps is unknown; the nearest is total_steps"),
        ({"total_steps": 0}, "total_steps is 0; it must be from 1 to 10,000,000,000,000"),
        ({"agent": {"lr": "fast"}}, r"agent\.lr is 'fast'; it must be a valid number"),
    ],
    ids=str,
)
def test_errors_are_those_of_the_command_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train(**arguments)


def test_a_run_goes_on(trained: TrainedRun, tmp_path: Path) -> None:
    run = train(env="repeat_first", memory=TINY, run_dir=tmp_path / "run", **SETTINGS)
    longer = train(resume=run.folder, total_steps=500, quiet=True)
    assert longer.metrics["step"][-1] >= 500
    np.testing.assert_array_equal(longer.metrics["step"][: len(run.metrics["step"])], run.metrics["step"])
    with pytest.raises(ValueError, match="resume goes on with the run's own settings: memory cannot be changed"):
        train(memory="lru", resume=run.folder)


def test_the_process_is_left_as_it_was(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    torch.set_num_threads(2)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    run = train(env="repeat_first", memory=TINY, run_dir=tmp_path / "run", **SETTINGS)
    load_policy(run.folder)
    assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), before)
    assert capfd.readouterr() == ("", "")


def test_another_thread_trains(tmp_path: Path) -> None:
    runs: list[TrainedRun] = []
    thread = threading.Thread(
        target=lambda: runs.append(train(env="repeat_first", memory=TINY, run_dir=tmp_path / "run", **SETTINGS))
    )
    thread.start()
    thread.join()
    assert runs[0].metrics["step"][-1] >= 300


def test_agents_alone_need_no_hydra() -> None:
    code = "import sys, memorl.agents; print(*{'hydra', 'tensorboard', 'rich', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
