"""Runs go on bit for bit after any end."""

import random
import re
import signal
from pathlib import Path

import pytest
import torch

from tests.support.runs import GAME, SMALL, small, until_updates
from tests.support.scripts import call


@pytest.mark.parametrize("arguments", [SMALL, GAME], ids=["repeat_previous", "mortar_mayhem_grid"])
def test_a_killed_run_goes_on_bit_for_bit(arguments: list[str], tmp_path: Path) -> None:
    length = ["total_steps=8000", "checkpoint_every=3"]
    whole = tmp_path / "whole"
    killed = tmp_path / "killed"
    assert call("train.py", *arguments, *length, f"run_dir={whole}").returncode == 0
    process = until_updates(random.Random().randint(4, 20), killed, *arguments, *length)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "the run was over before it could be killed"
    before = (killed / "metrics.csv").read_bytes()
    done = call("train.py", f"resume={killed}")
    assert done.returncode == 0, done.stderr
    after = (killed / "metrics.csv").read_bytes()
    assert after == (whole / "metrics.csv").read_bytes()
    assert len(after) > len(before)
    ends = [torch.load(max((f / "checkpoints").glob("step-*.pt")), weights_only=True) for f in (whole, killed)]
    for name, value in ends[0]["model"].items():
        assert torch.equal(value, ends[1]["model"][name])


def test_a_longer_run_can_be_asked_of_a_finished_one(finished: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    done = call("train.py", f"resume={copy}", "total_steps=800")
    assert done.returncode == 0, done.stderr
    old, new = ((f / "metrics.csv").read_text() for f in (finished, copy))
    assert new.startswith(old)
    assert len(new) > len(old)


def test_ctrl_c_saves_and_leaves(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = until_updates(2, folder, *small("total_steps=1e9", "checkpoint_every=1000000"))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert f"interrupted and saved; go on with: python train.py resume={folder}" in out
    assert "finishing this update" in err
    assert len(list((folder / "checkpoints").glob("step-*.pt"))) == 1


def test_a_loss_that_is_not_finite_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    run = small(f"run_dir={tmp_path / 'run'}", "total_steps=1e6", "checkpoint_every=1", "agent.lr=1e30")
    done = call("train.py", *run, "agent.final_lr=1e30")
    assert done.returncode == 1
    wrong = r"(a parameter is not finite|losses/\w+ is (nan|-?inf))"
    assert re.fullmatch(rf"error: stopped, {wrong} at step \d+; no checkpoint was due yet\n", done.stderr)
    again = [*(a for a in run if "lr" not in a), "agent.lr=1e-9", "agent.final_lr=1e30", "agent.anneal_steps=400"]
    done = call("train.py", *(a.replace("/run", "/again") for a in again))
    error = re.fullmatch(r"error: stopped, .* at step (\d+); the last good checkpoint is (.*)\n", done.stderr)
    assert error
    good = torch.load(error[2], weights_only=True)
    assert good["agent"]["steps"] < int(error[1])
    assert all(value.isfinite().all() for value in good["model"].values())
