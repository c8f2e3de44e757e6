"""Policies as folders, and their way to a hub and back, by the hub's own library and a server on the loopback."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("huggingface_hub")
pytest.importorskip("safetensors")

from safetensors.numpy import load_file, save_file

from memorl.agents import load_policy, save_policy, train
from tests.support.hub_server import serve_hub
from tests.support.runs import assert_refused, call, small, train_small

RUNS = {
    "discrete": {"env": "repeat_previous", "memory": "lru"},
    "no bounds": {"env": "CartPole-v1", "memory": {"_target_": "memorl.memory.TrXL", "dim": 8, "heads": 2}},
    "an own critic": {"env": "Pendulum-v1", "memory": "gru", "overrides": ["model.share=none", "last_action=true"]},
}
LENGTH = {"total_steps": 200, "num_envs": 4, "rollout_steps": 32, "quiet": True, "device": "cpu"}


@pytest.mark.parametrize("name", RUNS)
def test_a_saved_policy_acts_as_the_run_does(name: str, tmp_path: Path) -> None:
    run = train(**RUNS[name], **LENGTH, run_dir=str(tmp_path / "run"))
    folder = save_policy(run, tmp_path / "new" / "policy")
    assert sorted(file.name for file in folder.iterdir()) == ["README.md", "model.safetensors", "policy.json"]
    policies = [load_policy(place, device="cpu", seed=3) for place in (run, folder)]
    space = policies[0].interface.space
    shown = space.sample() if len(space.spaces) > 1 else next(iter(space.sample().values()))
    for _ in range(5):
        actions = [policy.act(shown) for policy in policies]
        np.testing.assert_array_equal(*actions)


def test_the_folder_says_nothing_of_the_machine(tmp_path: Path) -> None:
    first = train_small(tmp_path / "first")
    run = train_small(tmp_path / "run", f"init_from={first}")
    text = (save_policy(run, tmp_path / "policy") / "policy.json").read_text()
    assert str(tmp_path) not in text
    assert json.loads(text)["config"]["memory"]["_target_"] == "memorl.memory.GRU"


def test_a_folder_is_evaluated_and_begun_from_but_not_gone_on_with(finished: Path, tmp_path: Path) -> None:
    folder = save_policy(finished, tmp_path / "policy")
    protocol = ["levels=3", "repetitions=2", "device=cpu"]
    tables = [call("evaluate.py", f"checkpoint={place}", *protocol) for place in (finished, folder)]
    ours, theirs = (table.stdout.splitlines()[1:4] for table in tables)
    assert ours == theirs
    begun = call("train.py", *small(f"init_from={folder}", f"run_dir={tmp_path / 'run'}", "total_steps=100"))
    assert begun.returncode == 0, begun.stderr
    refused = call("train.py", f"resume={folder}")
    assert_refused(refused, r"resume is .*/policy, a policy without its optimizer; init_from takes its weights")


def changed(*keys: str, to: Any) -> Callable[[Path], None]:
    """Return a function that changes a value of policy.json."""

    def change(folder: Path) -> None:
        file = folder / "policy.json"
        settings = json.loads(file.read_text())
        place = settings
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = to
        file.write_text(json.dumps(settings))

    return change


def rewritten(text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "policy.json").write_text(text) and None


def with_weights(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    """Return a function that changes the weights."""

    def write(folder: Path) -> None:
        weights = load_file(folder / "model.safetensors")
        change(weights)
        save_file(weights, folder / "model.safetensors")

    return write


def first_of(weights: dict[str, Any]) -> str:
    return next(name for name, value in sorted(weights.items()) if value.dtype == np.float32 and value.ndim == 2)


def cut(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-8])


def pipe(folder: Path) -> None:
    (folder / "policy.json").unlink()
    os.mkfifo(folder / "policy.json")


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "no json": (rewritten("{"), r"policy\.json is not a readable policy \(JSONDecodeError: .*"),
    "no dictionary": (rewritten("[]"), r"policy\.json is not a policy of this version: its format is None; .*"),
    "nested": (rewritten("[" * 100_000), r"policy\.json is not a readable policy \(RecursionError: .*"),
    "pipe": (pipe, r"policy\.json is not a readable policy \(ValueError: it is no file of that size\)"),
    "format": (changed("format", to="memorl-policy/0"), r".* its format is 'memorl-policy/0'; it must be .*"),
    "steps": (changed("steps", to=-1), r"policy\.json does not fit: steps is -1; .*"),
    "config": (changed("config", to=None), r"policy\.json does not fit: config is None; .*"),
    "setting": (changed("config", "num_envs", to=0), r"policy\.json does not fit: num_envs is 0; .*"),
    "space": (changed("spaces", "action", "kind", to="Foo"), r"policy\.json does not fit: a space cannot be read .*"),
    "size": (changed("config", "memory", "hidden_size", to=9), r"policy\.json does not fit: .*"),
    "class": (changed("config", "memory", "_target_", to="os.system"), r".* names memory\._target_ os\.system, .*"),
    "shape": (with_weights(lambda w: w.update({first_of(w): np.zeros((1, 1), np.float32)})), r".* does not fit: .*"),
    "missing": (
        with_weights(lambda w: w.pop(first_of(w))),
        r"policy\.json does not fit: the shape of model\..* is None; it must be .*",
    ),
    "nan": (with_weights(lambda w: w[first_of(w)].fill(np.nan)), r".* does not fit: model.* not finite"),
    "cut": (cut, r"model\.safetensors has no readable weights \(SafetensorError: .*"),
    "without": (
        lambda folder: (folder / "model.safetensors").unlink(),
        r"model\.safetensors has no readable weights .*",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_folder_that_a_stranger_damaged_is_refused_in_one_line(name: str, finished: Path, tmp_path: Path) -> None:
    folder = save_policy(finished, tmp_path / "policy")
    damage, message = DAMAGES[name]
    damage(folder)
    with pytest.raises(ValueError, match=r"\A.*\Z") as caught:
        load_policy(folder, device="cpu")
    assert re.fullmatch(f"{re.escape(str(folder))}/{message}", str(caught.value)), caught.value


HUB = """
import sys
from memorl.agents import load_policy, pull_policy, push_policy
print(push_policy(sys.argv[1], "someone/gru", best=True))
print(load_policy("hf://someone/gru", device="cpu", greedy=True).act([0, 0, 0, 0]))
print(pull_policy("someone/gru", sys.argv[2]))
try:
    pull_policy("someone/else")
except Exception as error:
    print(type(error).__name__)
"""


def test_a_policy_goes_to_the_hub_and_comes_back_with_its_evaluation(finished: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    evaluated = call("evaluate.py", f"checkpoint={run}", "best=true", "levels=3", "repetitions=2", "greedy=true")
    assert evaluated.returncode == 0, evaluated.stderr
    with serve_hub() as (address, hub):
        home = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": "hf_token"}
        command = [sys.executable, "-c", HUB, run, tmp_path / "pulled"]
        done = subprocess.run(command, env=os.environ | home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = load_policy(run, best=True, device="cpu", greedy=True).act([0, 0, 0, 0])
    lines = [f"{address}/someone/gru", str(expected), str(tmp_path / "pulled"), "RepositoryNotFoundError"]
    assert done.stdout.splitlines() == lines
    assert sorted(hub.repositories["someone/gru"]) == ["README.md", "model.safetensors", "policy.json"]
    assert re.fullmatch(r"Policy after \d+ steps", hub.messages[0])
    card = hub.repositories["someone/gru"]["README.md"].decode()
    mean = re.search(r"^return +(\S+)", evaluated.stdout, re.MULTILINE)
    assert mean
    assert f"| return | {mean[1]} |" in card
    assert f"value: {mean[1]} +/-" in card
    assert 'load_policy("hf://someone/gru")' in card
    assert "levels 200,000 to 200,002, 2 episodes each, the most likely actions." in card
    assert str(tmp_path) not in card
