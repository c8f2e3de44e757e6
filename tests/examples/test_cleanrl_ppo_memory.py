"""The example in one file trains any memory on ids of Gymnasium."""

import re
from pathlib import Path

import pytest

from tests.support.scripts import ROOT, call

EXAMPLE = "examples/cleanrl_ppo_memory.py"


def returned(folder: Path, *arguments: str) -> float:
    done = call(EXAMPLE, *arguments, cwd=folder, timeout=3600)
    assert done.returncode == 0, done.stderr
    return float(re.findall(r"steps: return ([\d.]+), [\d,]+ steps/s\n", done.stdout)[-1])


def test_it_is_short() -> None:
    assert len((ROOT / EXAMPLE).read_text().splitlines()) < 250


@pytest.mark.parametrize(("env", "memory"), [("memorl/RepeatPrevious-v0", "trxl"), ("CartPole-v1", "lru")])
def test_it_trains(env: str, memory: str, tmp_path: Path) -> None:
    steps = ["--total-steps", "1024", "--num-envs", "4"]
    assert returned(tmp_path, "--env", env, "--memory", memory, *steps) > 0


@pytest.mark.slow
def test_it_learns(tmp_path: Path) -> None:
    assert returned(tmp_path, "--total-steps", "300_000") >= 0.9
