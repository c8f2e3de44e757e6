"""The two scripts, called as a user does, but in processes forked from one that has imported what they import.

Imports take some seconds, a hundred calls are made, and most of them have nothing else to do.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMPORTED = [
    "hydra",
    "memorl.agents.experiment",
    "memorl.envs",
    "torch._dynamo",
    "torch.utils.tensorboard",
]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(IMPORTED)


def _run(script: str, arguments: tuple[str, ...], folder: str, cwd: Path) -> None:
    os.chdir(cwd)
    for stream in (1, 2):
        os.dup2(os.open(f"{folder}/{stream}", os.O_WRONLY | os.O_CREAT), stream)
    sys.argv = [script, *arguments]
    runpy.run_path(str(ROOT / script), run_name="__main__")


def call(script: str, *arguments: str, timeout: float = 300, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """Return the output of `python script arguments...` in a folder, and its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        process = _context.Process(target=_run, args=(script, arguments, folder, cwd))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{script} {' '.join(arguments)} runs for more than {timeout} s")
        out, err = ((Path(folder) / str(stream)).read_text() for stream in (1, 2))
    return subprocess.CompletedProcess([script, *arguments], process.exitcode, out, err)
