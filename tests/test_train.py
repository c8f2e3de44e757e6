"""Runs: every memory trains, a killed run goes on bit for bit, and bad input gets one line."""

import json
import pickle
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.support.memories import names
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


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small run that is over."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    done = call("train.py", *small(f"run_dir={folder}", "total_steps=600", "checkpoint_every=1"))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("memory", [name for name in names() if "[" not in name])
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


def test_a_run_leaves_what_it_promises(finished: Path) -> None:
    assert (finished / "config.yaml").exists()
    kept = sorted(file.name for file in (finished / "checkpoints").iterdir())
    assert len(kept) == 4
    assert kept[0] == "best.pt"
    assert all(re.fullmatch(r"step-\d{12}\.pt", name) for name in kept[1:])
    board = EventAccumulator(str(finished)).Reload()
    tags = set(board.Tags()["scalars"])
    assert tags >= {"charts/episodic_return", "charts/SPS", "episode/success", "losses/policy_loss"}
    assert tags >= {"losses/approx_kl", "losses/explained_variance", "charts/learning_rate", "losses/value_loss"}


@pytest.mark.parametrize("arguments", [SMALL, GAME], ids=["repeat_previous", "mortar_mayhem_grid"])
def test_a_killed_run_goes_on_bit_for_bit(arguments: list[str], tmp_path: Path) -> None:
    length = ["total_steps=8000", "checkpoint_every=3"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
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
    told = re.fullmatch(r"error: stopped, .* at step (\d+); the last good checkpoint is (.*)\n", done.stderr)
    assert told
    good = torch.load(told[2], weights_only=True)
    assert good["agent"]["steps"] < int(told[1])
    assert all(value.isfinite().all() for value in good["model"].values())


def test_evaluation_writes_a_table_figures_and_a_film(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert call("train.py", *GAME, f"run_dir={folder}", "total_steps=300").returncode == 0
    protocol = [f"checkpoint={folder}", "levels=4", "repetitions=2", "probe=true", "probe_steps=16"]
    done = call("evaluate.py", *protocol, "video=true", "video_episodes=1")
    assert done.returncode == 0, done.stderr
    assert re.search(r"return .*\d\.\d{3} .*\d\.\d{3} .*\d\.\d{3} \.\. \d\.\d{3}", done.stdout)
    (file,) = (folder / "evaluation").glob("*.json")
    told = json.loads(file.read_text())
    assert [e["level"] for e in told["episodes"]] == [200000, 200000, 200001, 200001, 200002, 200002, 200003, 200003]
    assert set(told["metrics"]["success"]) == {"mean", "std", "low", "high"}
    assert file.with_suffix(".gif").stat().st_size > 1000
    board = EventAccumulator(str(folder / "evaluation")).Reload()
    assert [event.step for event in board.Scalars("probe/influence")] == list(range(16))
    assert board.Images("probe/influence")[0].width == 512
    assert 0 <= told["probe"]["probe/horizon_50%"] <= told["probe"]["probe/horizon_90%"] < 16
    again = call("evaluate.py", *protocol)
    assert again.stdout == done.stdout, "the same seed plays the same episodes"


class Malice:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("gotcha",))


@pytest.fixture(scope="module")
def refused(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """What the scripts say of each bad input; two at a time."""
    place = tmp_path_factory.mktemp("bad")
    good = max((finished / "checkpoints").glob("step-*.pt"))
    (place / "truncated.pt").write_bytes(good.read_bytes()[:5000])
    (place / "empty.pt").write_bytes(b"")
    torch.save({"model": {}}, place / "foreign.pt")
    torch.save({"format": "memorl/1", "config": Malice()}, place / "malicious.pt")
    whole = torch.load(good, weights_only=True)
    torch.save({key: value for key, value in whole.items() if key != "model"}, place / "partial.pt")
    for name, change in CHANGES.items():
        run = place / name / "checkpoints"
        run.mkdir(parents=True)
        torch.save(change(whole), run / "step-000000000001.pt")
    (place / "pickled.pt").write_bytes(pickle.dumps(Malice()))
    with ThreadPoolExecutor(2) as pool:
        jobs = {
            key: pool.submit(call, script, *(a.format(place=place, finished=finished) for a in arguments))
            for key, (script, arguments, _) in BAD.items()
        }
        results = {key: job.result() for key, job in jobs.items()}
    assert sorted(p.name for p in place.iterdir()) == sorted(
        ["truncated.pt", "empty.pt", "foreign.pt", "malicious.pt", "pickled.pt", "partial.pt", *CHANGES]
    ), "nothing is left behind"
    return results


CHANGES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "misshapen": lambda c: c | {"model": {k: v[..., :1] for k, v in c["model"].items()}},
    "smaller": lambda c: c | {"stream": c["stream"] | {"returns": c["stream"]["returns"][:7]}},
    "forgetful": lambda c: c | {"state": {k: v[:1] for k, v in c["state"].items()}},
    "alien": lambda c: c | {"config": c["config"] | {"memory": {"_target_": "this.Zen"}}},
}
NEW = "run_dir={place}/new"
BAD: dict[str, tuple[str, list[str], str]] = {
    "env": ("train.py", [NEW, "env=foo"], r"env is 'foo'; known are .*mortar_mayhem, .*repeat_previous.*"),
    "memory": ("train.py", [NEW, "memory=foo"], r"memory is 'foo'; known are .*gru, .*lstm, .*none, .*"),
    "agent": ("train.py", [NEW, "agent=foo"], r"agent is 'foo'; known are a2c, ppo, r2ac"),
    "key": ("train.py", [NEW, "total_step=3"], r"total_step is unknown; known are .*total_steps.*"),
    "argument": ("train.py", [NEW, "memory.hiden=3"], r"memory\.hiden is unknown; known are heads, .*init_gain"),
    "type": ("train.py", [NEW, "agent.lr=fast"], r"agent\.lr is 'fast'; it must be float"),
    "null": ("train.py", [NEW, "num_envs=null"], r"num_envs is None; it must be int"),
    "size": ("train.py", [NEW, "memory.hidden_size=0"], r"hidden_size is 0; it must be positive"),
    "division": ("train.py", [NEW, "sequence_length=100"], r"sequence_length is 100; it must divide .* 512"),
    "minibatches": ("train.py", small(NEW, "agent.minibatches=99"), r"minibatches is 99; .* only 16 sequences"),
    "once": ("train.py", small(NEW, "agent=a2c", "agent.epochs=2"), r"epochs is 2 and .* needs returns=vtrace"),
    "credit": ("train.py", [NEW, "agent=r2ac"], r"memory\.credit is unknown; known are heads, hidden_size, init_gain"),
    "layers": ("train.py", [NEW, "memory.layers=0"], r"layers is 0; it must be positive"),
    "deep": ("train.py", [NEW, "memory.layers=2", "memory.foo=1"], r"memory\.foo is unknown; known are .*init_gain"),
    "gate": ("train.py", [NEW, "memory.layers=2", "memory.feedforward=x"], r"memory\.feedforward is 'x'; it must .*"),
    "option": ("train.py", [NEW, "env.arena_size=99"], r"arena_size.*99.*"),
    "target": ("train.py", [NEW, "memory._target_=os.system"], r"memory\._target_ is os\.system; it must be a Memory"),
    "device": ("train.py", [NEW, "device=abacus"], r"device is 'abacus'; it must be auto.* or cpu.*"),
    "exists": ("train.py", small("run_dir={finished}"), r"run_dir is .*/finished, which exists; a run is never .*"),
    "resume": ("train.py", ["resume={place}/nowhere"], r".*/nowhere does not exist; expected a run folder .*"),
    "resumed": ("train.py", ["resume={finished}", "memory=lstm"], r"resume goes on with .*: memory cannot be changed"),
    "truncated": (
        "evaluate.py",
        ["checkpoint={place}/truncated.pt"],
        r".*/truncated\.pt is not a readable checkpoint: .*",
    ),
    "empty": ("evaluate.py", ["checkpoint={place}/empty.pt"], r".*/empty\.pt is not a readable checkpoint: .*"),
    "foreign": ("evaluate.py", ["checkpoint={place}/foreign.pt"], r".*/foreign\.pt is not a checkpoint of this .*"),
    "malicious": ("evaluate.py", ["checkpoint={place}/malicious.pt"], r".*/malicious\.pt is not a readable .*"),
    "pickled": ("evaluate.py", ["checkpoint={place}/pickled.pt"], r".*/pickled\.pt is not a readable checkpoint.*"),
    "partial": ("evaluate.py", ["checkpoint={place}/partial.pt"], r".*/partial\.pt does not fit: KeyError 'model'"),
    "misshapen": ("train.py", ["resume={place}/misshapen"], r".*/step-\d+\.pt does not fit: RuntimeError .*"),
    "smaller": ("train.py", ["resume={place}/smaller"], r"the state is of 7 environments; these are 8"),
    "forgetful": (
        "train.py",
        ["resume={place}/forgetful"],
        r"state is \{'h': \(1, 8\)\}; expected \{'h': \(8, 8\)\} of 8 rows",
    ),
    "alien": (
        "evaluate.py",
        ["checkpoint={place}/alien"],
        r".* names memory\._target_ this\.Zen; trust=true .*",
    ),
    "file": ("train.py", ["resume={finished}/checkpoints/best.pt"], r"resume is .*best\.pt, a file; it must be a .*"),
    "finished": (
        "train.py",
        ["resume={finished}"],
        r".*/finished is finished: total_steps is 600; .*",
    ),
    "negative": ("train.py", [NEW, "seed=-1"], r"seed is -1; it must be at least 0"),
    "nan": ("train.py", [NEW, "agent.lr=nan"], r"lr is nan; it must be positive"),
    "away": ("train.py", [NEW, "~memory"], r"~memory would take a key away; every key is needed"),
    "none": ("train.py", [NEW, "memory=null"], r"memory is 'null'; known are .*"),
    "place": ("train.py", small("run_dir={place}/empty.pt/run"), r".*Not a directory: .*"),
    "unknown": ("evaluate.py", ["foo=1"], r"foo is unknown; known are best, checkpoint, .*"),
    "film": ("evaluate.py", ["checkpoint={finished}", "video=true"], r"render_mode='rgb_array' is not allowed.*"),
    "held out": ("evaluate.py", ["checkpoint={finished}", "env.levels=null"], r"env\.levels cannot be set; .*"),
    "other": ("evaluate.py", ["checkpoint={finished}", "env.symbols=5"], r".* does not fit: RuntimeError .*"),
    "missing": ("evaluate.py", [], r"checkpoint is missing; give a run folder or a checkpoint in one"),
    "levels": ("evaluate.py", ["checkpoint={finished}", "levels=0"], r"levels is 0; it must be at least 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line(case: str, refused: dict[str, subprocess.CompletedProcess[str]]) -> None:
    done = refused[case]
    assert done.returncode == 1
    assert re.fullmatch(f"error: {BAD[case][2]}\n", done.stderr), done.stderr
    assert "gotcha" not in done.stdout


def test_help_lists_everything() -> None:
    done = call("train.py", "--help")
    assert done.returncode == 0
    for kind in ("env", "memory", "agent", "experiment"):
        listed = re.search(rf"^{kind}: (.*)$", done.stdout, re.MULTILINE)
        assert listed
        assert listed[1].split(", ") == sorted(file.stem for file in (ROOT / "configs" / kind).glob("*.yaml"))
