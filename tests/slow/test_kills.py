"""A run that is killed at any moment, again and again, ends as one that was left alone."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.support.runs import small
from tests.support.scripts import ROOT, call

KILLS = 30
TINY = ["model.body_size=0", "model.branch_size=8", "encoder.output_size=8", "encoder.vector_size=8"]
GAME = ["env.observation=symbolic", "num_envs=8", "rollout_steps=32", "sequence_length=16", "agent.minibatches=2"]
COMBINATIONS = {
    "gru": small(),
    "lstm, two layers": small("memory=lstm", "memory.layers=2"),
    "trxl": [*(a for a in small("memory=trxl") if not a.startswith("memory.h")), "memory.dim=8", "memory.window=6"],
    "rtrl": small("memory=elstm", "memory.credit=rtrl", "agent=a2c", "agent.minibatches=1"),
    "hippo": small("memory=hippo", "memory.order=8"),
    "lru, v-trace": small("memory=lru", "agent=a2c", "agent.returns=vtrace", "last_action=true"),
    "mortar mayhem": ["env=mortar_mayhem_grid", "env.command_count=[1,2]", *GAME, "memory.hidden_size=8", *TINY],
    "mystery path": ["env=mystery_path_grid", *GAME, "memory=mingru", "memory.hidden_size=8", *TINY],
    "spotlights": ["env=searing_spotlights", *GAME, "memory=indrnn", "memory.hidden_size=8", *TINY],
}
"""By name: the arguments of a run; environments, memories and agents of every kind."""

LENGTH = ["total_steps=12_000", "checkpoint_every=2", "device=cpu", "threads=1"]


def run_until_killed(folder: Path, arguments: list[str], rng: random.Random) -> bool:
    """Run train.py until a random moment after its first checkpoint; return whether it was still running."""
    process = subprocess.Popen(
        [sys.executable, "train.py", *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    table = folder / "metrics.csv"
    wanted = count_lines(table) + rng.randint(1, 12)
    while process.poll() is None and not (checkpoints(folder) and count_lines(table) >= wanted):
        pass
    try:
        process.communicate(timeout=rng.uniform(0, 0.2))
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    return process.returncode == -signal.SIGKILL


def count_lines(file: Path) -> int:
    return len(file.read_text().splitlines()) if file.exists() else 0


def checkpoints(folder: Path) -> list[Path]:
    return sorted((folder / "checkpoints").glob("step-*.pt"))


@pytest.mark.slow
@pytest.mark.parametrize("name", COMBINATIONS)
def test_kills_lose_nothing(name: str, tmp_path: Path) -> None:
    number = list(COMBINATIONS).index(name)
    rng = random.Random(number)
    kills = KILLS * (number + 1) // len(COMBINATIONS) - KILLS * number // len(COMBINATIONS)
    whole = tmp_path / "whole"
    killed = tmp_path / "killed"
    done = call("train.py", *COMBINATIONS[name], *LENGTH, f"run_dir={whole}")
    assert done.returncode == 0, done.stderr
    assert run_until_killed(killed, [*COMBINATIONS[name], *LENGTH, f"run_dir={killed}"], rng)
    for _ in range(kills - 1):
        assert run_until_killed(killed, [f"resume={killed}"], rng), "it was over before it could be killed"
    done = call("train.py", f"resume={killed}")
    assert done.returncode == 0, done.stderr
    assert (killed / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()
    assert not list(killed.rglob("*.aside")), "nothing was taken for damaged"
    ends = [torch.load(checkpoints(folder)[-1], weights_only=True) for folder in (whole, killed)]
    for key, value in ends[0]["model"].items():
        assert torch.equal(value, ends[1]["model"][key])
