"""The disk cache of compiled loops notices a change in any file, tells games apart, and is used where none changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from memorl.envs.engine import jit, symbols
from tests.support.scripts import ROOT

LOOP = """
from engine.jit import compile_loop

def make_loop(function):
    def fill(out):
        out[0] = function()
    return compile_loop(fill, function)
"""
MAIN = """
import sys, numpy as np
sys.path.insert(0, {place!r})
from engine.loop import make_loop
import game.leaf

out = np.zeros(1)
for name in {names}:
    fill = make_loop(getattr(game.leaf, name))
    fill(out)
    print(int(out[0]), len(fill.stats.cache_hits))
"""
LEAF = """
from engine.jit import jit
from game.inner import {inner} as inner

@jit
def one():
    return inner()

@jit
def two():
    return 2 * inner()

def closure(number):
    @jit
    def function():
        return number * inner()
    return function

three, four = closure(3), closure(4)
"""
INNER = """
from engine.jit import jit

@jit
def inner():
    return {}
"""
STEPS = """
import gymnasium, memorl.envs

for name in sorted(name for name in gymnasium.registry if name.startswith("memorl/")):
    envs = gymnasium.make_vec(name, num_envs=2)
    envs.reset(seed=0)
    loop = envs._compiled_step
    print(loop.py_func.__qualname__, len(loop.stats.cache_hits), len(loop.stats.cache_misses), type(envs).__name__)
"""


def run(program: str, *arguments: str, **environment: str) -> list[list[str]]:
    command = [sys.executable, "-B", "-c", program, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | environment)
    return [line.split() for line in done.stdout.splitlines()]


def write_package(place: Path, value: int) -> None:
    for folder in ("engine", "game"):
        (place / folder).mkdir(exist_ok=True)
    shutil.copy(jit.__file__, place / "engine" / "jit.py")
    shutil.copy(symbols.__file__, place / "engine" / "symbols.py")
    (place / "engine" / "loop.py").write_text(LOOP)
    (place / "game" / "leaf.py").write_text(LEAF.format(inner="inner"))
    (place / "game" / "inner.py").write_text(INNER.format(value))


def test_a_changed_file_of_another_folder_recompiles_the_loops_that_call_it(tmp_path: Path) -> None:
    """Closures of one function are told apart by what they close over, in every process."""
    names = ["one", "two", "three", "four"]
    outputs = []
    for value in (1, 1, 5):
        write_package(tmp_path, value)
        outputs.append(run(MAIN.format(place=str(tmp_path), names=names)))
    assert outputs[0] == [["1", "0"], ["2", "0"], ["3", "0"], ["4", "0"]]
    assert outputs[1] == [["1", "1"], ["2", "1"], ["3", "1"], ["4", "1"]]
    assert outputs[2] == [["5", "0"], ["10", "0"], ["15", "0"], ["20", "0"]]


def test_a_changed_file_of_a_function_elsewhere_recompiles_its_loop(tmp_path: Path) -> None:
    """A user's game lies in a package of its own."""
    write_package(tmp_path, 1)
    main = MAIN.format(place=str(tmp_path), names=["one"])
    own = tmp_path / "own.py"
    outputs = []
    for value in (7, 7, 8):
        own.write_text(f"from engine.jit import jit\n\n@jit\ndef one():\n    return {value}\n")
        outputs.append(run(main.replace("import game.leaf", "import own, game\ngame.leaf = own")))
    assert outputs == [[["7", "0"]], [["7", "1"]], [["8", "0"]]]


def test_every_game_is_loaded_from_the_cache_and_from_a_file_of_its_own() -> None:
    """In the cache of everybody, so that the other tests need not compile what this one has compiled."""
    run(STEPS)
    warm = run(STEPS)
    assert all((hits, misses) == ("1", "0") for _, hits, misses, _ in warm)
    files = {name: game for name, _, _, game in warm}
    assert len(files) == len(set(files.values())) + 1  # Mystery Path has two games


APART = """
import sys
from tests.envs.tasks.test_bsuite_memory import test_an_episode_is_that_of_bsuite as bsuite
from tests.envs.tasks.test_quiz import PLAYERS, test_memory_returns_one as quiz
for name in sys.argv[1:]:
    bsuite(1, 1) if name == "bsuite" else quiz(*PLAYERS[1])
"""


def test_what_two_processes_compiled_is_not_taken_for_each_other(tmp_path: Path) -> None:
    """Numba's own names of functions are equal in these two processes."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    for names in (["bsuite"], ["quiz"], ["bsuite", "quiz"]):
        command = [sys.executable, "-c", APART, *names]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
