"""The package of a user's own trains from its folder, is filed under its names, and is evaluated and resumed."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.own_package import OWN_PACKAGE
from tests.support.runs import assert_refused
from tests.support.scripts import call
from tests.support.slow import slow_but

SMALL = [
    "total_steps=200", "num_envs=4", "rollout_steps=16", "threads=1", "device=cpu", "model.body_size=8",
    "model.branch_size=8",
]  # fmt: skip
CORRIDOR = "env=my_lab:Corridor-v0"


def run(place: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return call("train.py", *SMALL, f"run_dir={place / 'run'}", *arguments, cwd=OWN_PACKAGE)


CHOICES = {
    "memory": [CORRIDOR, "memory=my_lab.Leaky", "memory.decay=0.8"],
    "class of one environment": ["env=my_lab.Corridor", "env.length=3"],
    "class behind a colon": ["env=my_lab:Corridor", "env.length=3"],
    "id inside an argument": ["env=gymnasium", "env.id=my_lab:Corridor-v0"],
    "encoder": [CORRIDOR, "encoder=my_lab.SignEncoder", "encoder.output_size=4"],
    "agent": [CORRIDOR, "agent=my_lab.KLPenalty", "agent.kl_coef=0.5"],
    "file": ["--config-dir", "configs", CORRIDOR, "memory=slow", "memory.hidden_size=8"],
    "experiment": ["--config-dir=configs", "experiment=corridor", *SMALL],
    "deep": [CORRIDOR, "memory=my_lab.Leaky", "memory.layers=2", "memory.hidden_size=8"],
    "wrapper": [CORRIDOR, "env.wrappers=[{_target_:gymnasium.wrappers.TimeLimit,max_episode_steps:4}]"],
}


@pytest.mark.parametrize("case", slow_but(["memory", "experiment"], CHOICES))
def test_every_part_can_be_the_users_own(case: str, tmp_path: Path) -> None:
    done = run(tmp_path, *CHOICES[case])
    assert done.returncode == 0, done.stderr
    assert "SPS" in done.stdout


def test_a_run_is_evaluated_and_goes_on_where_it_is_trusted(tmp_path: Path) -> None:
    done = run(tmp_path, CORRIDOR, "memory=my_lab.Leaky", "memory.hidden_size=8")
    assert done.returncode == 0, done.stderr
    evaluation = [f"checkpoint={tmp_path / 'run'}", "levels=2", "repetitions=1"]
    refused = call("evaluate.py", *evaluation, cwd=OWN_PACKAGE)
    assert refused.returncode == 1
    assert re.fullmatch(r"error: .* names \w+\.\w+ my_lab.*; trust=true imports it\n", refused.stderr)
    for script, arguments in (("evaluate.py", evaluation), ("train.py", [f"resume={tmp_path / 'run'}"])):
        more = ["total_steps=300"] if script == "train.py" else []
        trusted = call(script, *arguments, *more, "trust=true", cwd=OWN_PACKAGE)
        assert trusted.returncode == 0, trusted.stderr


@pytest.fixture
def own_runs() -> Iterator[Path]:
    """Return the folder of runs that are filed under their own names."""
    yield OWN_PACKAGE / "runs"
    for path in sorted((OWN_PACKAGE / "runs").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (OWN_PACKAGE / "runs").rmdir()


@pytest.mark.parametrize("key", ["memory", "memory._target_"])
def test_a_run_is_filed_under_its_own_name(key: str, own_runs: Path) -> None:
    done = call("train.py", *SMALL, CORRIDOR, f"{key}=my_lab.Leaky", "agent=my_lab.KLPenalty", cwd=OWN_PACKAGE)
    assert done.returncode == 0, done.stderr
    (config,) = own_runs.rglob("config.yaml")
    names = config.relative_to(own_runs).as_posix()
    assert all(name in names for name in ("Corridor", "my_lab.Leaky", "my_lab.KLPenalty"))


BAD = {
    "module": (
        ["memory=mylab.Leaky"],
        r"memory\._target_ is mylab\.Leaky; there is .*; the nearest is my_lab",
    ),
    "class": (["memory=my_lab.Leeky"], r"memory\._target_ is my_lab\.Leeky; my_lab has no Leeky; the nearest is Leaky"),
    "no memory": (["memory=my_lab.Corridor"], r"memory\._target_ is my_lab\.Corridor; it must be a Memory"),
    "argument": (["memory=my_lab.Leaky", "memory.decy=1"], r"memory\.decy is unknown; the nearest is decay; .*"),
    "id": (
        ["env=my_lab:Coridor-v0"],
        r"env is 'my_lab:Coridor-v0'; a name in my_lab .*; known are Corridor, Corridor-v0",
    ),
    "module of an id": (
        ["env=mylab:Corridor-v0"],
        r"env is 'mylab:Corridor-v0': there is .*; the nearest is 'my_lab'",
    ),
    "two classes": (
        ["memory=gru", "memory._target_=my_lab.Leaky"],
        r"memory\._target_ is my_lab.Leaky beside memory=gru; .*",
    ),
    "no output size": (
        ["encoder=torch.nn.Identity"],
        r"encoder\.output_size of torch\.nn\.Identity is None; it .*",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_name_is_one_line(case: str, tmp_path: Path) -> None:
    arguments, message = BAD[case]
    assert_refused(run(tmp_path, *([] if arguments[0].startswith("env") else [CORRIDOR]), *arguments), message)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (["env.length=0"], "corridor.py"),
        (["memory=my_lab.Leaky", "memory.decay=2"], "leaky.py"),
        (["env.length=0", "env.vectorization_mode=async"], "corridor.py"),
    ],
)
def test_an_error_inside_a_users_class_keeps_its_traceback(arguments: list[str], file: str, tmp_path: Path) -> None:
    done = run(tmp_path, CORRIDOR, *arguments)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert file in done.stderr
