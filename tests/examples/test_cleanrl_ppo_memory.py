"""The example in one file trains any memory on ids of Gymnasium."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "cleanrl_ppo_memory.py"


def returned(folder: Path, *arguments: str) -> float:
    command = [sys.executable, str(EXAMPLE), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return float(re.findall(r"steps: return ([\d.]+), [\d,]+ steps/s\n", done.stdout)[-1])


def test_it_is_short() -> None:
    assert len(EXAMPLE.read_text().splitlines()) < 250


@pytest.mark.parametrize(("env", "memory"), [("memorl/RepeatPrevious-v0", "trxl"), ("CartPole-v1", "lru")])
def test_it_trains(env: str, memory: str, tmp_path: Path) -> None:
    steps = ["--total-steps", "1024", "--num-envs", "4"]
    assert returned(tmp_path, "--env", env, "--memory", memory, *steps) > 0


@pytest.mark.slow
def test_it_learns(tmp_path: Path) -> None:
    assert returned(tmp_path, "--total-steps", "300_000") >= 0.9
