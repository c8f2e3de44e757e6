"""Scripts: every memory trains, and an agent is evaluated."""

import json
import re
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.support.memories import names
from tests.support.runs import GAME, SMALL, small
from tests.support.scripts import call
from tests.support.slow import slow_but


@pytest.mark.parametrize("memory", slow_but(["gru", "trxl"], [name for name in names() if "[" not in name]))
def test_every_memory_trains(memory: str, tmp_path: Path) -> None:
    arguments = [a for a in SMALL if not a.startswith("memory.")]
    done = call("train.py", *arguments, f"memory={memory}", f"run_dir={tmp_path / 'run'}", "total_steps=200")
    assert done.returncode == 0, done.stderr
    assert "SPS" in done.stdout
    rows = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    assert rows[0].startswith("step,charts/episodic_return,charts/episodic_length,episode/success")
    assert len(rows) == 3


def test_any_memory_can_be_deep(tmp_path: Path) -> None:
    arguments = small("memory=lstm", "memory.layers=2", "memory.size=12", "memory.feedforward=glu")
    done = call("train.py", *arguments, f"run_dir={tmp_path / 'run'}", "total_steps=200")
    assert done.returncode == 0, done.stderr
    (saved, *_) = (tmp_path / "run" / "checkpoints").glob("step-*.pt")
    state = torch.load(saved, weights_only=True)["state"]
    assert {name: value.shape for name, value in state.items()} == {
        f"{layer}.{name}": (8, 8) for layer in (0, 1) for name in ("h", "c")
    }


def test_a2c_trains(tmp_path: Path) -> None:
    """With the rollout of its own file, and with V-trace over several minibatches."""
    plain = [a for a in SMALL if not a.startswith(("agent.", "rollout_steps", "sequence_length"))]
    for name, more in (("plain", []), ("vtrace", ["agent.returns=vtrace", "agent.epochs=2", "agent.minibatches=2"])):
        folder = tmp_path / name
        done = call("train.py", *plain, "agent=a2c", *more, f"run_dir={folder}", "total_steps=200")
        assert done.returncode == 0, done.stderr
        rows = (folder / "metrics.csv").read_text().splitlines()
        assert "losses/policy_loss" in rows[0]
        assert len(rows) == 3


def test_evaluation_writes_a_table_figures_and_a_film(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert call("train.py", *GAME, f"run_dir={folder}", "total_steps=300").returncode == 0
    protocol = [f"checkpoint={folder}", "levels=4", "repetitions=2", "probe=true", "probe_steps=16"]
    done = call("evaluate.py", *protocol, "video=true", "video_episodes=1")
    assert done.returncode == 0, done.stderr
    assert re.search(r"return .*\d\.\d{3} .*\d\.\d{3} .*\d\.\d{3} \.\. \d\.\d{3}", done.stdout)
    (file,) = (folder / "evaluation").glob("*.json")
    result = json.loads(file.read_text())
    assert [e["level"] for e in result["episodes"]] == [200000, 200000, 200001, 200001, 200002, 200002, 200003, 200003]
    assert set(result["metrics"]["success"]) == {"mean", "std", "low", "high", "episodes"}
    assert file.with_suffix(".gif").stat().st_size > 1000
    (probed,) = (folder / "evaluation").glob("probe-step-*")
    board = EventAccumulator(str(probed)).Reload()
    assert [event.step for event in board.Scalars("probe/influence_by_age")] == list(range(16))
    assert board.Images("probe/heatmap/influence")[0].width == 512
    assert 0 <= result["probe"]["probe/horizon_50%"] <= result["probe"]["probe/horizon_90%"] < 16
    assert call("evaluate.py", *protocol, "num_envs=3").returncode == 0
    again = json.loads(file.read_text())
    assert again["protocol"]["num_envs"] == 3
    assert again["episodes"] == result["episodes"], "the same seed plays the same episodes, in batches of any size"
