"""Bad settings and bad checkpoints get one line; `--help` lists everything."""

import pickle
import re
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.runs import small, train_small
from tests.support.scripts import ROOT, call


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small run that is over."""
    return train_small(tmp_path_factory.mktemp("runs") / "finished")


class Malice:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("gotcha",))


CHANGES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "misshapen": lambda c: c | {"model": {k: v[..., :1] for k, v in c["model"].items()}},
    "smaller": lambda c: (
        c | {"stream": c["stream"] | {"episodes": {k: v[:7] for k, v in c["stream"]["episodes"].items()}}}
    ),
    "forgetful": lambda c: c | {"state": {k: v[:1] for k, v in c["state"].items()}},
    "old": lambda c: c | {"format": "memorl/1"},
    "alien": lambda c: c | {"config": c["config"] | {"memory": {"_target_": "this.Zen"}}},
}


NEW = "run_dir={place}/new"


BAD: dict[str, tuple[str, list[str], str]] = {
    "env": ("train.py", [NEW, "env=foo"], r"env is 'foo'; known are .*mortar_mayhem, .*repeat_previous.*"),
    "memory": ("train.py", [NEW, "memory=foo"], r"memory is 'foo'; known are .*gru, .*lstm, .*none, .*"),
    "agent": ("train.py", [NEW, "agent=foo"], r"agent is 'foo'; known are a2c, ppo, r2ac"),
    "key": ("train.py", [NEW, "total_step=3"], r"total_step is unknown; known are .*total_steps.*"),
    "argument": ("train.py", [NEW, "memory.hiden=3"], r"memory\.hiden is unknown; known are heads, .*init_gain"),
    "type": ("train.py", [NEW, "agent.lr=fast"], r"agent\.lr is 'fast'; it must be a valid number"),
    "null": ("train.py", [NEW, "num_envs=null"], r"num_envs is None; it must be a valid integer"),
    "size": ("train.py", [NEW, "memory.hidden_size=0"], r"hidden_size is 0; it must be positive"),
    "division": ("train.py", [NEW, "sequence_length=100"], r"sequence_length is 100; it must divide .* 512"),
    "minibatches": (
        "train.py",
        small(NEW, "agent.minibatches=99"),
        r"minibatches is 99; it must be at most 16, the .*",
    ),
    "once": (
        "train.py",
        small(NEW, "agent=a2c", "agent.epochs=2"),
        r"epochs \* minibatches is 4; it must be 1 unless returns=vtrace",
    ),
    "credit": ("train.py", [NEW, "agent=r2ac"], r"memory\.credit is unknown; known are heads, hidden_size, init_gain"),
    "layers": ("train.py", [NEW, "memory.layers=0"], r"layers is 0; it must be positive"),
    "deep": ("train.py", [NEW, "memory.layers=2", "memory.foo=1"], r"memory\.foo is unknown; known are .*init_gain"),
    "gate": ("train.py", [NEW, "memory.layers=2", "memory.feedforward=x"], r"memory\.feedforward is 'x'; it must .*"),
    "option": ("train.py", [NEW, "env.arena_size=99"], r"arena_size.*99.*"),
    "target": ("train.py", [NEW, "memory._target_=os.system"], r"memory\._target_ is os\.system; it must be a Memory"),
    "device": ("train.py", [NEW, "device=abacus"], r"device is 'abacus'; it must be auto.* or cpu.*"),
    "exists": ("train.py", small("run_dir={finished}"), r"run_dir is .*/finished, which exists; a run is never .*"),
    "resume": ("train.py", ["resume={place}/nowhere"], r".*/nowhere does not exist; it must be a run folder .*"),
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
    "partial": ("evaluate.py", ["checkpoint={place}/partial.pt"], r".*/partial\.pt does not fit: model is missing"),
    "misshapen": ("train.py", ["resume={place}/misshapen"], r".*/step-\d+\.pt does not fit: the shape of model\..*"),
    "smaller": (
        "train.py",
        ["resume={place}/smaller"],
        r".* does not fit: returns has shape \(7,\); it must be \(8,\)",
    ),
    "forgetful": (
        "train.py",
        ["resume={place}/forgetful"],
        r".* does not fit: state is \{'h': \(1, 8\)\}; expected \{'h': \(8, 8\)\} of 8 rows",
    ),
    "old": (
        "train.py",
        ["resume={place}/old"],
        r".* is not a checkpoint of this version: its format is 'memorl/1'; it must be 'memorl/2'",
    ),
    "repeats": (
        "train.py",
        [NEW, "memory=trxl", "memory.repeats=[a,b,c]"],
        r"memory\.repeats\[0\] is 'a'; it must be a valid integer",
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
    "away": ("train.py", [NEW, "~memory"], r"~memory would delete a key; every key is needed"),
    "none": ("train.py", [NEW, "memory=null"], r"memory is 'null'; known are .*"),
    "place": ("train.py", small("run_dir={place}/empty.pt/run"), r".*Not a directory: .*"),
    "unknown": ("evaluate.py", ["foo=1"], r"foo is unknown; known are best, checkpoint, .*"),
    "film": ("evaluate.py", ["checkpoint={finished}", "video=true"], r"render_mode is 'rgb_array'; it must be .*"),
    "held out": ("evaluate.py", ["checkpoint={finished}", "env.levels=null"], r"env\.levels cannot be set; .*"),
    "other": ("evaluate.py", ["checkpoint={finished}", "env.symbols=5"], r".* does not fit: the shape of model\..*"),
    "missing": ("evaluate.py", [], r"checkpoint is missing; it must be a run folder or a checkpoint in one"),
    "levels": ("evaluate.py", ["checkpoint={finished}", "levels=0"], r"levels is 0; it must be at least 1"),
}


@pytest.fixture(scope="module")
def refused(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """What the scripts say of each bad input; two at a time."""
    place = tmp_path_factory.mktemp("bad")
    good = max((finished / "checkpoints").glob("step-*.pt"))
    (place / "truncated.pt").write_bytes(good.read_bytes()[:5000])
    (place / "empty.pt").write_bytes(b"")
    torch.save({"model": {}}, place / "foreign.pt")
    torch.save({"format": "memorl/2", "config": Malice()}, place / "malicious.pt")
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
