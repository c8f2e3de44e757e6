"""The example that trains from Python draws a picture, and its agent plays."""

import os
import re
import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("steps", "least"), [("9_000", 0.0), pytest.param("120_000", 0.9, marks=pytest.mark.slow)], ids=["short", "learns"]
)
def test_it_draws_and_plays(steps: str, least: float, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "examples" / "plot_curve.py"), steps]
    environment = os.environ | {"MPLBACKEND": "agg"}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    total = re.search(r"return of eight episodes: ([\d.]+)", done.stdout)
    assert total
    assert float(total[1]) >= least
    assert iio.imread(tmp_path / "curve.png").std() > 1
    assert len(list((tmp_path / "runs").rglob("config.yaml"))) == 2
