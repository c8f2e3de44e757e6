"""The example of TorchRL trains a memory of ours."""

import re
from pathlib import Path

import pytest

from tests.support.scripts import call

pytest.importorskip("torchrl")


@pytest.mark.parametrize(("steps", "least"), [(1024, 0), pytest.param(20_000, 0.9, marks=pytest.mark.slow)])
def test_it_trains(steps: int, least: float, tmp_path: Path) -> None:
    done = call("examples/torchrl_ppo.py", "lru", "--steps", str(steps), cwd=tmp_path, timeout=3600)
    assert done.returncode == 0, done.stderr
    total = re.search(r"^lru: return ([\d.]+), [\d,]+ steps/s$", done.stdout, re.M)
    assert total
    assert float(total[1]) >= least
