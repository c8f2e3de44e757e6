"""Small runs of train.py."""

import re
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

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
    """Return the arguments of a small run; `arguments` replace the small ones."""
    replaced = {argument.partition("=")[0] for argument in arguments}
    return [a for a in SMALL if a.partition("=")[0] not in replaced] + list(arguments)


def until_updates(count: int, folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start a run in a process of its own, and return it after so many updates."""
    command = [sys.executable, "train.py", *arguments, f"run_dir={folder}"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert any("SPS" in line for line in process.stdout)
    while process.poll() is None and len((folder / "metrics.csv").read_text().splitlines()) <= count:
        pass
    return process


def train_small(folder: Path, *arguments: str) -> Path:
    """Finish a small run and return its folder."""
    done = call("train.py", *small(f"run_dir={folder}", "total_steps=600", "checkpoint_every=1", *arguments))
    assert done.returncode == 0, done.stderr
    return folder


def call_all(
    cases: Mapping[str, tuple[str, list[str], str]], **places: Path
) -> dict[str, "subprocess.CompletedProcess[str]"]:
    """Run the script of every case with its arguments, in which the places are named; two at a time."""
    with ThreadPoolExecutor(2) as pool:
        jobs = {
            name: pool.submit(call, script, *(a.format_map(places) for a in arguments))
            for name, (script, arguments, _) in cases.items()
        }
        return {name: job.result() for name, job in jobs.items()}


def assert_refused(done: "subprocess.CompletedProcess[str]", message: str) -> None:
    """Assert that a script ended with one line of error, which the regular expression matches."""
    assert done.returncode == 1
    assert re.fullmatch(f"error: {message}\n", done.stderr), done.stderr


def composed(*overrides: str) -> dict[str, Any]:
    """Return the configuration that `train.py` composes of overrides."""
    with initialize_config_module("memorl.configs", version_base=None):
        config = compose("train", [f"++{o}" if "." in o.partition("=")[0] else o for o in overrides])
    plain = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}
