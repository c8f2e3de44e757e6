"""The example of Stable-Baselines3 trains a memory of ours, and the library's own LSTM."""

import re
from pathlib import Path

import pytest

from tests.support.scripts import call

pytest.importorskip("sb3_contrib")


def returned(memory: str, steps: int, folder: Path) -> float:
    done = call("examples/sb3_memory.py", memory, "--steps", str(steps), cwd=folder, timeout=3600)
    assert done.returncode == 0, done.stderr
    total = re.search(rf"^{memory}: return ([\d.]+) \+- [\d.]+, [\d,]+ steps/s$", done.stdout, re.M)
    assert total
    return float(total[1])


@pytest.mark.parametrize("memory", ["lru", "MlpLstmPolicy"])
def test_it_trains_and_evaluates(memory: str, tmp_path: Path) -> None:
    assert 0 < returned(memory, 1024, tmp_path) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("memory", ["gru", "lru", "trxl"])
def test_it_learns(memory: str, tmp_path: Path) -> None:
    assert returned(memory, 100_000, tmp_path) >= 0.95
