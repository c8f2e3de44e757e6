"""Small runs of train.py."""

import subprocess
import sys
from pathlib import Path

from tests.support.scripts import ROOT, call

SMALL = [
    "env=repeat_previous", "env.k=1", "env.length=9", "memory.hidden_size=8", "model.body_size=0",
    "model.branch_size=8", "encoder.output_size=8", "encoder.vector_size=8", "num_envs=8", "rollout_steps=16",
    "sequence_length=8", "agent.minibatches=2", "device=cpu", "threads=1",
]  # fmt: skip


GAME = [
    "env=mortar_mayhem_grid", "env.observation=symbolic", "env.command_count=[1,2]", "memory.hidden_size=8",
    "num_envs=8", "rollout_steps=32", "agent.minibatches=2", "device=cpu", "threads=1", "last_reward=true",
]  # fmt: skip


def small(*arguments: str) -> list[str]:
    """Arguments of a small run; those given replace the small ones."""
    replaced = {argument.partition("=")[0] for argument in arguments}
    return [a for a in SMALL if a.partition("=")[0] not in replaced] + list(arguments)


def until_updates(count: int, folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """A run of its own, to be disturbed, after so many updates."""
    command = [sys.executable, "train.py", *arguments, f"run_dir={folder}"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert any("SPS" in line for line in process.stdout)
    while process.poll() is None and len((folder / "metrics.csv").read_text().splitlines()) <= count:
        pass
    return process


def train_small(folder: Path, *arguments: str) -> Path:
    """The folder of a small run that is over."""
    done = call("train.py", *small(f"run_dir={folder}", "total_steps=600", "checkpoint_every=1", *arguments))
    assert done.returncode == 0, done.stderr
    return folder
