"""Runs go on bit for bit after any end."""

import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.support.runs import GAME, SMALL, assert_refused, small, until_updates
from tests.support.scripts import ROOT, call
from tests.support.slow import slow_but

BROKEN = [
    "env=gymnasium", "env.id=tests.support.broken_envs:Broken-v0", "memory.hidden_size=8", "model.branch_size=8",
    "encoder.output_size=8", "encoder.vector_size=8", "num_envs=4", "rollout_steps=8", "device=cpu", "threads=1",
]  # fmt: skip


@pytest.mark.parametrize(
    "arguments", [SMALL, pytest.param(GAME, marks=pytest.mark.slow)], ids=["repeat_previous", "mortar_mayhem_grid"]
)
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
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    done = call("train.py", f"resume={copy}", "total_steps=800")
    assert done.returncode == 0, done.stderr
    old, new = ((f / "metrics.csv").read_text() for f in (finished, copy))
    assert new.startswith(old)
    assert len(new) > len(old)


@pytest.mark.parametrize("name", slow_but(["SIGTERM"], ["SIGINT", "SIGTERM", "SIGHUP"]))
def test_a_signal_saves_and_leaves(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = until_updates(2, folder, *small("total_steps=1e9", "checkpoint_every=1000000"))
    process.send_signal(signal.Signals[name])
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


@pytest.mark.parametrize(("kind", "error"), [("value", "ValueError: not a number"), ("socket", "ConnectionResetError")])
def test_an_error_of_the_environment_keeps_its_traceback_and_what_was_learned(
    kind: str, error: str, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    done = call("train.py", *BROKEN, f"env.kind={kind}", f"run_dir={folder}", "total_steps=1e6")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "broken_envs.py" in done.stderr
    assert error in done.stderr
    assert f"stopped by an error; go on with: python train.py resume={folder} trust=true\n" in done.stdout
    (saved,) = (folder / "checkpoints").glob("step-*.pt")
    steps = [int(row.partition(",")[0]) for row in (folder / "metrics.csv").read_text().splitlines()[1:]]
    assert torch.load(saved, weights_only=True)["agent"]["steps"] == steps[-1]
    again = call("train.py", f"resume={folder}", f"total_steps={steps[-1] + 20}", "trust=true")
    assert again.returncode == 0, again.stderr
    assert "the environments were not saved: their episodes begin anew" in again.stdout


@pytest.mark.parametrize(
    ("kind", "said", "code"),
    [
        ("exit_0", "0", 1),
        pytest.param("exit", "None", 1, marks=pytest.mark.slow),
        pytest.param("exit_3", "3", 3, marks=pytest.mark.slow),
        pytest.param("exit_text", r"'the window\\nwas closed'", 1, marks=pytest.mark.slow),
    ],
)
def test_an_environment_that_calls_sys_exit_ends_the_run_as_an_error_does(
    kind: str, said: str, code: int, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    done = call("train.py", *BROKEN, f"env.kind={kind}", f"run_dir={folder}", "total_steps=1e6")
    assert done.returncode == code
    line = rf"error: the environment called sys\.exit\({said}\), in .*broken_envs\.py, line \d+\n"
    assert re.fullmatch(line, done.stderr), done.stderr
    assert f"stopped by an error; go on with: python train.py resume={folder} trust=true\n" in done.stdout
    assert len(list((folder / "checkpoints").glob("step-*.pt"))) == 1
    evaluated = call("evaluate.py", f"checkpoint={folder}", "trust=true", "levels=20")
    assert evaluated.returncode == code
    assert re.fullmatch(line, evaluated.stderr), evaluated.stderr


@pytest.mark.parametrize("kind", ["interrupt", "generator"])
def test_whatever_an_environment_raises_saves_what_was_learned(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    done = call("train.py", *BROKEN, f"env.kind={kind}", f"run_dir={folder}", "total_steps=1e6")
    assert done.returncode != 0
    assert f"go on with: python train.py resume={folder} trust=true" in done.stdout
    assert len(list((folder / "checkpoints").glob("step-*.pt"))) == 1


def test_a_run_does_not_go_on_from_a_checkpoint_of_another(finished: Path, tmp_path: Path) -> None:
    copies = [tmp_path / "one", tmp_path / "other"]
    for copy in copies:
        shutil.copytree(finished, copy)
    theirs = min((copies[1] / "checkpoints").glob("step-*.pt"))
    refused = call("train.py", f"resume={copies[0]}", f"resume_from={theirs}", "total_steps=800")
    assert_refused(refused, rf"resume_from is {theirs}; the checkpoints of {copies[0]}/checkpoints are .*\.pt")
    own = copies[0] / "checkpoints" / theirs.name
    assert call("train.py", f"resume={copies[0]}", f"resume_from={own}", "total_steps=800").returncode == 0


def test_an_environment_that_calls_sys_exit_at_once_ends_the_script_with_a_line(tmp_path: Path) -> None:
    done = call("train.py", *BROKEN, "env.kind=exit_0", "env.steps=-100", f"run_dir={tmp_path / 'run'}")
    assert done.returncode == 1
    assert done.stderr.startswith("error: the environment called sys.exit(0), in ")


def test_a_process_of_an_environment_that_ends_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    arguments = [*BROKEN, "env.kind=exit_0", "env.vectorization_mode=async", "num_envs=2"]
    done = call("train.py", *arguments, f"run_dir={folder}", "total_steps=1e6")
    assert done.returncode == 1
    assert_refused(done, "the process of an environment ended: it called sys.exit, or was killed")
    assert len(list((folder / "checkpoints").glob("step-*.pt"))) == 1


def test_a_sweep_goes_on_after_an_environment_that_calls_sys_exit(tmp_path: Path) -> None:
    jobs = [f"run_dir={tmp_path}/${{env.kind}}", "env.kind=exit_0,exit_3", "total_steps=1e6"]
    done = call("train.py", "-m", *BROKEN, *jobs, f"hydra.sweep.dir={tmp_path / 'sweep'}")
    assert done.returncode == 1
    assert "error: the environment called sys.exit(3), in " in done.stderr
    assert "error: 2 jobs failed: " in done.stderr


@pytest.mark.parametrize("mode", slow_but(["sync"], ["sync", "async"]))
def test_an_error_before_the_first_step_keeps_its_traceback(mode: str, tmp_path: Path) -> None:
    wrapped = ["env.wrappers=[tests.support.broken_envs.BrokenWrapper]", f"env.vectorization_mode={mode}"]
    done = call("train.py", *BROKEN, "env.kind=value", *wrapped, f"run_dir={tmp_path / 'run'}")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "broken_envs.py" in done.stderr
    assert "ValueError: not in the mood" in done.stderr


def test_what_is_not_finite_is_named_in_one_line_and_what_was_learned_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    done = call("train.py", *BROKEN, "env.kind=not_finite", f"run_dir={folder}", "total_steps=1e6")
    assert re.fullmatch(
        r"error: observation of env 0 is nan at step \d of its episode; it must be finite\n", done.stderr
    )
    assert len(list((folder / "checkpoints").glob("step-*.pt"))) == 1


def test_a_run_goes_on_once_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = until_updates(2, folder, *small("total_steps=1e9", "checkpoint_every=1"))
    try:
        second = call("train.py", f"resume={folder}")
        assert second.returncode == 1
        assert second.stderr == f"error: {folder} is in use by another process; a run can go on once at a time\n"
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_disk_that_is_full_is_named_as_such(tmp_path: Path) -> None:
    arguments = small("memory.hidden_size=64", "total_steps=1e6", "checkpoint_every=1", f"run_dir={tmp_path / 'run'}")
    limited = f"ulimit -f 60; exec {shlex.quote(sys.executable)} train.py {shlex.join(arguments)}"  # 60 KiB a file
    done = subprocess.run(["bash", "-c", limited], cwd=ROOT, capture_output=True, text=True, check=False)
    assert_refused(done, r".*\.pt cannot be written: \[Errno 27\] File too large; no checkpoint was due yet")
    assert not list((tmp_path / "run" / "checkpoints").iterdir())


def test_a_configuration_that_is_lost_is_written_again(finished: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    (copy / "config.yaml").unlink()
    done = call("train.py", f"resume={copy}", "total_steps=800", "checkpoint_minutes=null")
    assert "config.yaml was missing; it is written again\n" in done.stdout, done.stderr
    assert "hidden_size: 8" in (copy / "config.yaml").read_text()


def test_a_run_without_a_reader_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = until_updates(1, folder, *small("total_steps=2000", "checkpoint_every=1000000"))
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.wait(timeout=120) == 0
    process.stderr.close()
    assert len(list((folder / "checkpoints").glob("step-*.pt"))) == 1


def test_a_damaged_checkpoint_names_the_one_before_which_goes_on(finished: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    older, newest = sorted((copy / "checkpoints").glob("step-*.pt"))[-2:]
    content = torch.load(newest, weights_only=True)
    name = next(iter(content["model"]))
    content["model"][name].view(-1)[0] += 1e-6
    torch.save(content, newest)
    refused = call("train.py", f"resume={copy}", "total_steps=800")
    says = f"it is damaged: .*; resume_from={older.name} goes on from the one before"
    assert re.fullmatch(f"error: .*/{newest.name} does not fit: {says}\n", refused.stderr)
    kept = shutil.copy(newest, newest.with_stem(f"{newest.stem}-good"))
    done = call("train.py", f"resume={copy}", f"resume_from={older.name}", "total_steps=800")
    assert done.returncode == 0, done.stderr
    assert kept.is_file(), "a copy of another name is the user's"
    assert f"set aside, since the run goes on from {older.name}: {newest}.aside" in done.stdout
    old, new = ((f / "metrics.csv").read_text() for f in (finished, copy))
    assert new.startswith(old), "the steps after the older checkpoint are made again, and are the same"
