"""`--help` explains every argument of every choice, and `--list` every choice."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from memorl.agents.experiment.describe import REQUIRED, describe_arguments, first_line
from memorl.agents.experiment.help import AT_RUN_TIME
from memorl.agents.experiment.names import find_object
from tests.support.own_package import OWN_PACKAGE
from tests.support.scripts import ROOT, call

FILES = [
    (group, file)
    for group in ("memory", "encoder", "model", "agent", "env")
    for file in sorted((ROOT / "configs" / group).glob("*.yaml"))
]


def part_of(group: str, file: Path) -> dict[str, Any]:
    content: Any = OmegaConf.to_container(OmegaConf.load(file))
    return dict(content.get(group, content))


@pytest.mark.parametrize(("group", "file"), FILES, ids=lambda value: value if isinstance(value, str) else value.stem)
def test_every_argument_has_a_type_a_default_and_a_meaning(group: str, file: Path) -> None:
    values = part_of(group, file)
    cls = find_object("_target_", values.pop("_target_"))
    arguments = describe_arguments(cls, values, AT_RUN_TIME[group])
    own = [p for p in inspect.signature(cls).parameters.values() if p.kind is not p.VAR_KEYWORD]
    assert [a.name for a in arguments] == [p.name for p in own if p.name not in AT_RUN_TIME[group]]
    assert first_line(cls)
    for argument in arguments:
        assert argument.kind != "anything", argument
        assert argument.value != REQUIRED, argument
        assert "typing." not in argument.kind
        if group != "env":  # the docstrings of environments have a section in prose
            assert argument.meaning, argument


def test_help_shows_the_arguments_of_what_was_chosen() -> None:
    done = call("train.py", "memory=lru", "env=CartPole-v1", "agent=a2c", "memory.hidden_size=7", "--help")
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in done.stdout.splitlines() if line.strip()}
    assert lines["memory.hidden_size"] == "7 int Number N of complex units."
    assert lines["memory.credit"].startswith("bptt bptt or rtrl")
    assert lines["env.id"] == "CartPole-v1 str"
    assert lines["env.sutton_barto_reward"] == "false bool"
    assert lines["agent.returns"].startswith("n_step n_step or vtrace")
    assert lines["total_steps:"]
    assert "agent.clip" not in lines


def test_help_knows_a_users_package() -> None:
    arguments = ["--config-dir", "configs", "memory=slow", "agent=my_lab.KLPenalty", "--help"]
    done = call("train.py", *arguments, cwd=OWN_PACKAGE)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^memory\.decay +0\.98 +float +Share of the old state", done.stdout, re.MULTILINE)
    assert "agent.kl_coef" in done.stdout


@pytest.mark.parametrize("kind", ["envs", "memories", "encoders", "models", "agents", "losses", "experiments"])
def test_a_list_has_every_choice_with_its_line(kind: str) -> None:
    group = {"memories": "memory", "losses": "agent"}.get(kind, kind[:-1])
    done = call("train.py", "--list", kind)
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines() if line[0] != " "]
    assert names == sorted(file.stem for file in (ROOT / "configs" / group).glob("*.yaml"))


@pytest.mark.parametrize("arguments", [["--list", "memory"], ["--list=foo"], ["--list"]])
def test_an_unknown_list_is_one_line(arguments: list[str]) -> None:
    done = call("train.py", *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("error: --list is ")
    assert "known are agents, encoders, envs, experiments, losses, memories, models" in done.stderr


def test_help_of_evaluation_has_its_keys() -> None:
    done = call("evaluate.py", "--help")
    assert done.returncode == 0
    assert "repetitions: 3       # episodes of each" in done.stdout
    assert "python evaluate.py checkpoint=" in done.stdout
