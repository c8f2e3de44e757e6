"""The disk cache of compiled code notices a change in any file, and is used when there is none."""

import shutil
import subprocess
import sys
from pathlib import Path

from memorl.envs import compiled

ENTRY = """
import numpy as np
from compiled import entry
from leaf import one

@entry
def fill(out):
    out[0] = one()

out = np.zeros(1)
fill(out)
print(int(out[0]), len(fill.stats.cache_hits))
"""
LEAF = """
from compiled import leaf

@leaf
def one():
    return {}
"""


def test_a_changed_leaf_recompiles_the_entry_that_calls_it(tmp_path: Path) -> None:
    shutil.copy(compiled.__file__, tmp_path / "compiled.py")
    (tmp_path / "main.py").write_text(ENTRY)
    outputs = []
    for value in (1, 1, 2):
        (tmp_path / "leaf.py").write_text(LEAF.format(value))
        command = [sys.executable, "-B", "main.py"]
        outputs.append(subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.split())
    assert outputs == [["1", "0"], ["1", "1"], ["2", "0"]]
