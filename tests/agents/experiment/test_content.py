"""What a checkpoint may hold: everything else is refused in one line before anything is built from it."""

import copy
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from memorl.agents.experiment import Run, load_checkpoint
from memorl.agents.experiment.checksum import checksum
from tests.support.slow import slow_but

Content = dict[str, Any]


def put(*keys: Any, value: Any) -> Callable[[Content], None]:
    """Return a function that sets a value inside of a content."""

    def change(content: Content) -> None:
        *way, last = keys
        place: Any = content
        for key in way:
            place = place[key]
        place[last] = value(place[last]) if callable(value) else value

    return change


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def doubled(times: int) -> list[Any]:
    value: list[Any] = [0]
    for _ in range(times):
        value = [value, value]
    return value


def first_weight(change: Callable[[torch.Tensor], Any]) -> Callable[[Content], None]:
    def apply(content: Content) -> None:
        name = next(iter(content["model"]))
        content["model"][name] = change(content["model"][name])

    return apply


def first_moment(change: Callable[[torch.Tensor], Any]) -> Callable[[Content], None]:
    def apply(content: Content) -> None:
        state = content["agent"]["optimizer"]["state"][0]
        state["exp_avg"] = change(state["exp_avg"])

    return apply


def filled(number: float) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda tensor: torch.full_like(tensor, number)


CHANGES: dict[str, tuple[Callable[[Content], None], str]] = {
    "steps are a text": (put("agent", "steps", value="many"), r"agent\.steps is 'many'; it must be a valid integer"),
    "steps are NaN": (put("agent", "steps", value=float("nan")), r"agent\.steps is nan; it must be a valid integer"),
    "steps are a float": (put("agent", "steps", value=64.0), r"agent\.steps is 64\.0; it must be a valid integer"),
    "steps are true": (put("agent", "steps", value=True), r"agent\.steps is True; it must be a valid integer"),
    "steps are negative": (put("agent", "steps", value=-1), r"agent\.steps is -1; it must be greater than or .* 0"),
    "steps are huge": (put("agent", "steps", value=10**40), r"agent\.steps is 10+; it must be less than .*"),
    "updates are a text": (put("updates", value="3"), r"updates is '3'; it must be a valid integer"),
    "the best is a text": (put("best_score", value="high"), r"best_score is 'high'; it must be a valid number"),
    "the best is NaN": (put("best_score", value=float("nan")), r"best_score is nan; it must be finite"),
    "returns are texts": (put("recent_returns", value=["1"]), r"recent_returns\[0\] is '1'; it must be a valid number"),
    "returns are NaN": (put("recent_returns", value=[float("nan")]), r"recent_returns\[0\] is nan; it must be finite"),
    "too many returns": (put("recent_returns", value=[0.0] * 101), r"recent_returns is .*at most 100 items.*"),
    "nested without end": (put("recent_returns", value=nested(99)), r"it is nested too deeply, or holds too many .*"),
    "many by sharing": (put("recent_returns", value=doubled(30)), r"it is nested too deeply, or holds too many values"),
    "a number of many digits": (put("updates", value=10**400), r"updates is too large a int"),
    "a set": (put("config", "seed", value={1}), r"is not a readable checkpoint"),
    "a sparse state": (put("state", "h", value=lambda h: h.to_sparse()), r".*not a readable checkpoint.*"),
    "a complex state": (put("state", "h", value=lambda h: h + 0j), r".*not a readable checkpoint.*"),
    "a stretched state": (
        put("state", "h", value=torch.zeros(1).expand(2**34)),
        r"state\.h has shape \(17179869184,\) and holds fewer numbers",
    ),
    "a state of another type": (put("state", "h", value=lambda h: h.double()), r"state\['h'\] is of torch\.float64"),
    "a state that is no number": (put("state", "h", value=filled(float("nan"))), r"state has numbers that are not .*"),
    "another state": (put("state", value=lambda s: {"g": s["h"]}), r"state is \{'g': .*\}; expected .*"),
    "a weight is infinite": (first_weight(filled(float("inf"))), r"model\..* has numbers that are not finite"),
    "a weight of another type": (first_weight(lambda w: w.half()), r"the type of model\..* is torch\.float16; it .*"),
    "a weight of another shape": (first_weight(lambda w: w[None]), r"the shape of model\..* is .*; it must be .*"),
    "a moment of another shape": (first_moment(lambda m: m[:1]), r"the shape of agent\.optimizer\.0\.exp_avg is .*"),
    "a moment of another type": (first_moment(lambda m: m.int()), r"the type of agent\.optimizer\.0\.exp_avg is .*"),
    "a moment is NaN": (first_moment(filled(float("nan"))), r"agent\.optimizer\.0\.exp_avg has numbers that are .*"),
    "a moment is a text": (first_moment(lambda m: "x"), r"agent\.optimizer\.0 is .*; it must be .*"),
    "moments of no parameter": (
        put("agent", "optimizer", "state", value=lambda s: {**s, 999: s[0]}),
        r"agent\.optimizer\.999 is of no parameter; there are \d+",
    ),
    "no groups": (put("agent", "optimizer", "param_groups", value=[]), r"agent\.optimizer is of other parameters"),
    "a short random stream": (put("rng", value=lambda r: r[:9]), r"rng is torch\.uint8 \(9,\); it must be .*"),
    "no random stream": (put("rng", value=filled(255)), r"rng is not the state of a random stream"),
    "random streams of floats": (put("cuda_rng", value=[torch.zeros(16)]), r"cuda_rng is torch\.float32 \(16,\); .*"),
    "rewards of another shape": (
        put("stream", "current_step", "reward", value=lambda r: r[:3]),
        r"config\.num_envs is 8; current_step\.reward has 3 rows",
    ),
    "a reward is NaN": (put("stream", "current_step", "reward", value=filled(float("nan"))), r"current_step\.reward"),
    "flags of another type": (
        put("stream", "current_step", "last", value=lambda x: x.float()),
        r"the type of current_step\.last is .*",
    ),
    "more environments than rows": (
        put("config", "num_envs", value=9), r"config\.num_envs is 9; current_step\.obs\.\w+ has 8 rows",
    ),
    "states of other environments": (
        put("state", "h", value=lambda h: h[:5].clone()), r"config\.num_envs is 8; state\.h has 5 rows",
    ),
    "lengths below 0": (put("stream", "episodes", "lengths", value=filled(-1)), r"episodes has .* lengths below 0"),
    "an environment without a field": (put("stream", "env", value={}), r"state of another kind of env: .*"),
    "a config without a part": (lambda c: c["config"].pop("memory"), r"config\.memory is None; .*"),
    "a config with a tensor": (put("config", "seed", value=torch.zeros(1)), r"config\.seed is a tensor; .*"),
    "a config with a number as a key": (put("config", "env", value=lambda e: e | {3: 4}), r"config\.env has the key 3"),
    "a config that is too large": (
        put("config", "memory", value=lambda m: m | {"hidden_size": 10**9}),
        r"the model needs more than .* GB; cpu has .* GB; its largest number is memory\.hidden_size, 1000000000",
    ),
    "metrics of no rows": (put("metrics", "rows", value=-5), r"metrics\.rows is -5; .*"),
    "nothing of the stream": (lambda c: c.pop("stream"), r"stream is missing"),
}  # fmt: skip
"""By name: a change of a checkpoint's content, and what is said of it."""


@pytest.fixture(scope="module")
def content(finished: Path) -> Content:
    return torch.load(max((finished / "checkpoints").glob("step-*.pt")), weights_only=True)


def write(content: Content, path: Path) -> Path:
    """Write a checkpoint whose checksum is right."""
    try:
        digest = checksum(content)
    except (RecursionError, RuntimeError, TypeError, ValueError):
        digest = ""
    torch.save({**content, "checksum": digest}, path)
    return path


def load_run(path: Path) -> None:
    saved = load_checkpoint(path)
    Run(saved["config"]).load_state_dict(saved)


@pytest.mark.parametrize("case", CHANGES)
def test_what_no_run_saves_is_refused(case: str, content: Content, tmp_path: Path) -> None:
    change, message = CHANGES[case]
    changed = copy.deepcopy(content)
    change(changed)
    path = tmp_path / "step-000000000001.pt"
    if case in ("many by sharing", "a stretched state"):
        torch.save({**changed, "checksum": ""}, path)
    else:
        write(changed, path)
    with pytest.raises(ValueError, match=message) as raised:
        load_run(path)
    assert "\n" not in str(raised.value)


def test_what_a_run_saves_is_taken(content: Content, tmp_path: Path) -> None:
    saved = load_checkpoint(write(content, tmp_path / "step-000000000001.pt"))
    run = Run(saved["config"])
    assert run.load_state_dict(saved)
    again = run.state_dict()
    assert again["agent"]["steps"] == saved["agent"]["steps"]
    for number, state in saved["agent"]["optimizer"]["state"].items():
        for name, value in state.items():
            assert torch.equal(again["agent"]["optimizer"]["state"][number][name], value)


def edit_archive(source: Path, target: Path, edit: Callable[[bytes], bytes], compression: int = 0) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
        for record in old.infolist():
            data = old.read(record)
            new.writestr(record.filename, edit(data) if record.filename.endswith("data.pkl") else data)


class Large:
    """Asks for a hundred GB when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return bytearray, (100_000_000_000,)


def test_a_file_that_asks_for_more_than_it_holds_is_refused(finished: Path, tmp_path: Path) -> None:
    good = max((finished / "checkpoints").glob("step-*.pt"))
    cases = {"large": lambda _: pickle.dumps({"x": Large()}, 2), "zeros": lambda data: data + bytes(100_000_000)}
    for name, edit in cases.items():
        path = tmp_path / f"{name}.pt"
        edit_archive(good, path, edit, zipfile.ZIP_DEFLATED)
        with pytest.raises(ValueError, match=rf"{name}\.pt is not a readable checkpoint"):
            load_checkpoint(path)


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "nothing"])
def test_what_is_no_file_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "step-000000000001.pt"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    with pytest.raises(ValueError, match=r"^\S+ is not a file; a checkpoint must be one$"):
        load_checkpoint(path)


FOREIGN = {
    "env": {"_target_": "memorl.envs.FromGymnasium", "id": "evil_package:CartPole-v1"},
    "memory": {"_target_": "evil_package.Memory"},
    "encoder": {"_target_": "memorl.agents.torch.hub.load"},
    "model": {"_target_": "memorl.agents.ActorCritic", "precision": "evil_package.name"},
    "agent": {"_target_": "memorl.agents.PPO", "clip": {"_target_": "evil_package.Clip"}},
}


@pytest.mark.parametrize("part", slow_but(["env", "memory"], FOREIGN))
def test_nothing_that_a_checkpoint_names_is_imported(part: str, content: Content, tmp_path: Path) -> None:
    (tmp_path / "evil_package.py").write_text(f"open({str(tmp_path / 'proof')!r}, 'w')\n")
    changed = content | {"config": content["config"] | {part: FOREIGN[part]}}
    path = write(changed, tmp_path / "step-000000000001.pt")
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from memorl.agents.experiment import load_checkpoint
load_checkpoint({str(path)!r} and __import__("pathlib").Path({str(path)!r}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert not (tmp_path / "proof").exists()
    last = done.stderr.strip().splitlines()[-1]
    assert f"{path} names {part}." in last
    assert last.endswith("which is not a class of memorl; trust=true imports it")
    assert load_checkpoint(path, trust=True)["config"][part] == FOREIGN[part]
