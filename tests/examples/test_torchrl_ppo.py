"""The example of TorchRL trains a memory of ours."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torchrl")

EXAMPLE = Path(__file__).parents[2] / "examples" / "torchrl_ppo.py"


@pytest.mark.parametrize(("steps", "least"), [(1024, 0), pytest.param(20_000, 0.9, marks=pytest.mark.slow)])
def test_it_trains(steps: int, least: float, tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLE), "lru", "--steps", str(steps)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    total = re.search(r"^lru: return ([\d.]+), [\d,]+ steps/s$", done.stdout, re.M)
    assert total
    assert float(total[1]) >= least
