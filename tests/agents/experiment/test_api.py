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
        ({"seed": np.random.SeedSequence(1)}, "^seed is SeedSequence.*; it must be a number, a text, or a list or dic"),
        ({"init_from": b"run"}, "^init_from is b'run'; it must be a number, a text"),
        ({"overrides": {"agent": {"lr": torch.ones(2)}}}, r"^agent\.lr is tensor.*; it must be a number, a text"),
        ({"overrides": {"env.k": [1, {2}]}}, r"^env\.k\[1\] is \{2\}; it must be a number, a text"),
        ({"overrides": {"agent.lr": "${nothing}"}}, "^agent.lr has a value that cannot be resolved: .*nothing"),
        ({"overrides": {3: 4}}, "^overrides has the key 3; it must be a text such as 'agent.lr'"),
        (
            {"overrides": "agent.lr=1"},
            "^overrides is 'agent.lr=1'; it must be a dictionary, or a list of texts such as",
        ),
        ({"overrides": 3}, "^overrides is 3; it must be a dictionary, or a list of texts"),
        ({"overrides": ["agent.lr"]}, r"^overrides\[0\] is 'agent.lr'; it must be a text such as 'agent.lr=1e-3'"),
        ({"overrides": ["seed=1", 3]}, r"^overrides\[1\] is 3; it must be a text"),
        ({"overrides": ["~agent.lr=3"]}, r"^overrides\[0\] is '~agent.lr=3'; it must be a text"),
        (
            {"overrides": ["agent.lr=1,2"]},
            r"^overrides\[0\] is 'agent.lr=1,2', which has several values; it must have one",
        ),
        ({"overrides": ["agent.lr=[1"]}, r"^overrides\[0\] is 'agent.lr=\[1', which cannot be read: "),
        ({"overrides": ["agent.lr=fast"]}, r"agent\.lr is 'fast'; it must be a valid number"),
        ({"overrides": ["memory=grue"]}, "memory is 'grue'; the nearest is gru; known are"),
        ({"memory": "lru", "overrides": ["memory=gru"]}, "^overrides has memory=gru beside memory=lru; one of them"),
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


def test_overrides_are_a_list_of_texts_or_a_dictionary(tmp_path: Path) -> None:
    texts = ["encoder.output_size=8", "encoder.vector_size=8", "++model.branch_size=8", "model.body_size=0"]
    more = ["memory=gru", "memory.hidden_size=8", "agent.lr=1e-3", "env=repeat_first", f"run_dir={tmp_path}/a=b, c"]
    one = train(**SETTINGS | {"overrides": [*texts, *more]})
    named = {**SETTINGS["overrides"], "memory": TINY, "agent.lr": 1e-3}
    other = train(env="repeat_first", run_dir=tmp_path / "dictionary", **SETTINGS | {"overrides": named})
    assert one.folder == tmp_path / "a=b, c"
    assert (one.folder / "metrics.csv").read_text() == (other.folder / "metrics.csv").read_text()


def test_a_run_is_taken_where_its_folder_is(trained: TrainedRun, tmp_path: Path) -> None:
    obs = np.zeros((3, 4))
    actions = [load_policy(run, seed=np.int64(3)).act(obs).tolist() for run in (trained, trained.folder)]
    assert actions[0] == actions[1]
    settings = SETTINGS | {"total_steps": 64}
    run = train(
        env="CartPole-v1", memory=TINY, last_action=True, init_from=trained, run_dir=tmp_path / "run", **settings
    )
    assert run.run.config["init_from"] == str(trained.folder)
    longer = train(resume=run, total_steps=128, quiet=True, device=torch.device("cpu"))
    assert longer.folder == run.folder
    assert longer.metrics["step"][-1] >= 128


@pytest.mark.parametrize("seed", [10**30, -1, "a", None, 1.5, True, [1], np.random.SeedSequence(1)], ids=str)
def test_a_seed_of_samples_that_is_none_is_named(trained: TrainedRun, seed: Any) -> None:
    with pytest.raises(ValueError, match=r"^seed is [^\n]*; it must be [^\n]*$"):
        load_policy(trained, seed=seed)


@pytest.mark.parametrize("run", [None, 3, b"run", ["run"]], ids=str)
def test_what_is_no_run_is_named(run: Any) -> None:
    with pytest.raises(
        ValueError, match=r"^run is .*; it must be a run folder, a checkpoint in one, or what train ret"
    ):
        load_policy(run)
