"""Checkpoints: a bounded number of them, and bad ones are refused in one line that names the file."""

import pickle
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from memorl.agents.experiment import Checkpoints
from memorl.agents.experiment.checksum import checksum
from tests.support.runs import assert_refused, call_all


class Malice:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("gotcha",))


CHANGES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "other_shapes": lambda c: c | {"model": {k: v.flatten()[:1] for k, v in c["model"].items()}},
    "fewer_episodes": lambda c: (
        c | {"stream": c["stream"] | {"episodes": {k: v[:7] for k, v in c["stream"]["episodes"].items()}}}
    ),
    "fewer_states": lambda c: c | {"state": {k: v[:1] for k, v in c["state"].items()}},
    "old_format": lambda c: c | {"format": "memorl/1"},
    "foreign_format": lambda c: c | {"format": "other/7"},
    "foreign_class": lambda c: c | {"config": c["config"] | {"memory": {"_target_": "this.Zen"}}},
}
"""By name of a run folder: what is changed in its checkpoint."""


BAD: dict[str, tuple[str, list[str], str]] = {
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
    "other shapes": (
        "train.py",
        ["resume={place}/other_shapes"],
        r".*/step-\d+\.pt does not fit: the shape of model\..*",
    ),
    "fewer episodes": (
        "train.py",
        ["resume={place}/fewer_episodes"],
        r".* does not fit: config\.num_envs is 8; episodes\.returns has 7 rows",
    ),
    "fewer states": (
        "train.py",
        ["resume={place}/fewer_states"],
        r".* does not fit: config\.num_envs is 8; state\.h has 1 rows",
    ),
    "old format": (
        "train.py",
        ["resume={place}/old_format"],
        r".* is not a checkpoint of this version: its format is 'memorl/1'; it must be 'memorl/6'; "
        r"begin a new run \(init_from cannot read it either\), or use the version of memorl that wrote it",
    ),
    "foreign class": (
        "evaluate.py",
        ["checkpoint={place}/foreign_class"],
        r".* names memory\._target_ this\.Zen, which is not a class of memorl; trust=true imports it",
    ),
    "file": ("train.py", ["resume={finished}/checkpoints/best.pt"], r"resume is .*best\.pt, a file; it must be a .*"),
    "finished": (
        "train.py",
        ["resume={finished}"],
        r".*/finished is finished: total_steps is 600; .*",
    ),
    "other": ("evaluate.py", ["checkpoint={finished}", "env.symbols=5"], r".* does not fit: the shape of model\..*"),
    "half": (
        "train.py",
        ["resume={place}/half"],
        r".*/half/checkpoints/step-000000000001\.pt is not a readable checkpoint: it is truncated, .*",
    ),
    "half, evaluated": ("evaluate.py", ["checkpoint={place}/half"], r".*/step-000000000001\.pt is not a readable .*"),
    "foreign format": (
        "evaluate.py",
        ["checkpoint={place}/foreign_format"],
        r".*/step-000000000001\.pt is not a checkpoint of this version: its format is 'other/7'; it must be .*",
    ),
}
"""By name: a script, its arguments, and its error as a regular expression."""


@pytest.fixture(scope="module")
def refused(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run the scripts with each bad checkpoint."""
    place = tmp_path_factory.mktemp("bad")
    good = max((finished / "checkpoints").glob("step-*.pt"))
    (place / "truncated.pt").write_bytes(good.read_bytes()[:5000])
    (place / "empty.pt").write_bytes(b"")
    torch.save({"model": {}}, place / "foreign.pt")
    torch.save({"format": "memorl/6", "config": Malice()}, place / "malicious.pt")
    whole = torch.load(good, weights_only=True)
    torch.save({key: value for key, value in whole.items() if key != "model"}, place / "partial.pt")
    for name in (*CHANGES, "half"):
        run = place / name / "checkpoints"
        run.mkdir(parents=True)
        file = run / "step-000000000001.pt"
        if name == "half":
            file.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
        else:
            changed = CHANGES[name](whole)
            torch.save(changed | {"checksum": checksum(changed)}, file)
    (place / "pickled.pt").write_bytes(pickle.dumps(Malice()))
    results = call_all(BAD, place=place, finished=finished)
    assert sorted(p.name for p in place.iterdir()) == sorted(
        ["truncated.pt", "empty.pt", "foreign.pt", "malicious.pt", "pickled.pt", "partial.pt", "half", *CHANGES]
    ), "nothing is left behind"
    return results


@pytest.mark.parametrize("case", BAD)
def test_a_bad_checkpoint_gets_one_line(case: str, refused: dict[str, subprocess.CompletedProcess[str]]) -> None:
    assert_refused(refused[case], BAD[case][2])
    assert "gotcha" not in refused[case].stdout


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


def test_the_best_is_named_where_there_is_no_other(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    assert checkpoints.describe_newest() == "no checkpoint was due yet"
    (tmp_path / "best.pt").touch()
    assert checkpoints.describe_newest() == f"{tmp_path}/best.pt is complete: resume_from=best.pt goes on from it"
