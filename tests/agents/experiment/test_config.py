"""Bad settings get one line; `--help` lists everything."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.runs import assert_refused, call_all, small
from tests.support.scripts import ROOT, call

NEW = "run_dir={place}/new"


BAD: dict[str, tuple[str, list[str], str]] = {
    "env": ("train.py", [NEW, "env=foo"], r"env is 'foo'; known are .*mortar_mayhem, .*repeat_previous.*"),
    "memory": ("train.py", [NEW, "memory=foo"], r"memory is 'foo'; known are .*gru, .*lstm, .*none, .*"),
    "agent": ("train.py", [NEW, "agent=foo"], r"agent is 'foo'; known are a2c, ppo, r2ac"),
    "key": ("train.py", [NEW, "total_step=3"], r"total_step is unknown; the nearest is total_steps; known are .*"),
    "argument": (
        "train.py",
        [NEW, "memory.hiden=3"],
        r"memory\.hiden is unknown; the nearest is hidden_size; known are heads, .*init_gain",
    ),
    "type": ("train.py", [NEW, "agent.lr=fast"], r"agent\.lr is 'fast'; it must be a valid number"),
    "null": ("train.py", [NEW, "num_envs=null"], r"num_envs is None; it must be a valid integer"),
    "size": ("train.py", [NEW, "memory.hidden_size=0"], r"memory\.hidden_size is 0; it must be positive"),
    "division": ("train.py", [NEW, "sequence_length=100"], r"sequence_length is 100; it must divide .* 512"),
    "minibatches": (
        "train.py",
        small(NEW, "agent.minibatches=99"),
        r"agent\.minibatches is 99; it must be at most 16, the .* \(fewer agent\.minibatches, more num_envs .*\)",
    ),
    "once": (
        "train.py",
        small(NEW, "agent=a2c", "agent.epochs=2"),
        r"agent\.epochs \* minibatches is 4; it must be 1 unless returns=vtrace",
    ),
    "credit": ("train.py", [NEW, "agent=r2ac"], r"memory\.credit is unknown; known are heads, hidden_size, init_gain"),
    "layers": ("train.py", [NEW, "memory.layers=0"], r"memory\.layers is 0; it must be from 1 to 1,024"),
    "deep": ("train.py", [NEW, "memory.layers=2", "memory.foo=1"], r"memory\.foo is unknown; known are .*init_gain"),
    "gate": ("train.py", [NEW, "memory.layers=2", "memory.feedforward=x"], r"memory\.feedforward is 'x'; it must .*"),
    "option": ("train.py", [NEW, "env.arena_size=99"], r"env\.arena_size.*99.*"),
    "env levels": (
        "train.py",
        [NEW, "env=copy", "env.levels={{start:1}}"],
        r"env\.levels is \{'start': 1\}; it must .*",
    ),
    "first level": ("train.py", [NEW, "env.levels={{start:-1,count:1}}"], r"env\.levels\.start is -1; it must be .*"),
    "target": ("train.py", [NEW, "memory._target_=os.system"], r"memory\._target_ is os\.system; it must be a Memory"),
    "device": ("train.py", [NEW, "device=abacus"], r"device is 'abacus'; it must be auto.* or cpu.*"),
    "exists": ("train.py", small("run_dir={finished}"), r"run_dir is .*/finished, which exists; a run is never .*"),
    "repeats": (
        "train.py",
        [NEW, "memory=trxl", "memory.repeats=[a,b,c]"],
        r"memory\.repeats\[0\] is 'a'; it must be a valid integer",
    ),
    "negative": ("train.py", [NEW, "seed=-1"], r"seed is -1; it must be from 0 to .*"),
    "nan": ("train.py", [NEW, "agent.lr=nan"], r"agent\.lr is nan; it must be positive"),
    "away": ("train.py", [NEW, "~memory"], r"~memory would delete a key; every key is needed"),
    "none": ("train.py", [NEW, "memory=null"], r"memory is 'null'; known are .*"),
    "place": ("train.py", small("run_dir={finished}/config.yaml/run"), r".*Not a directory: .*"),
    "resume_from": (
        "train.py",
        [NEW, "resume_from=best.pt"],
        r"resume_from is best\.pt; it needs resume, .*",
    ),
    "unknown": ("evaluate.py", ["foo=1"], r"foo is unknown; known are best, checkpoint, .*"),
    "film": ("evaluate.py", ["checkpoint={finished}", "video=true"], r"video cannot be made, .* no pictures: .*"),
    "held out": ("evaluate.py", ["checkpoint={finished}", "env.levels=null"], r"env\.levels cannot be set; .*"),
    "another env": (
        "evaluate.py",
        ["checkpoint={finished}", "env=copy"],
        r"env is copy; it must be left out: a checkpoint is evaluated with its own; env\.<argument>= changes its .*",
    ),
    "another memory": (
        "evaluate.py",
        ["checkpoint={finished}", "+memory=lru"],
        r"memory is lru; it must be left out: a checkpoint is evaluated with its own",
    ),
    "many epochs": ("train.py", ["agent.epochs=1e9"], r"agent\.epochs is 1000000000; it must be from 1 to 10,000"),
    "many checkpoints": ("train.py", ["keep_checkpoints=1e9"], r"keep_checkpoints is 10+; it must be from 1 to .*"),
    "missing": ("evaluate.py", [], r"checkpoint is missing; it must be a run folder or a checkpoint in one"),
    "levels": ("evaluate.py", ["checkpoint={finished}", "levels=0"], r"levels is 0; it must be from 1 to 1,000,000"),
    "positions": (
        "train.py",
        [NEW, "memory=trxl", "memory.positions=sideways"],
        r"memory\.positions is 'sideways'; it must be 'none', 'absolute', 'learned', 'relative' or 'rotary'",
    ),
    "measure": (
        "train.py",
        [NEW, "memory=hippo", "memory.measure=leg"],
        r"memory\.measure is 'leg'; it must be 'legs'.*",
    ),
    "quotes": ("train.py", [NEW, "'memory=[a'"], r"'memory=\[a' cannot be read; it must be key=value, .*"),
    "symbols": (
        "train.py",
        [NEW, "env=copy", "env.symbols=2000000000"],
        r"env\.symbols is 2000000000; it must be .* to 10,000",
    ),
    "no module": ("train.py", [NEW, "env=:CartPole-v1"], r"env is ':CartPole-v1'; before the colon it must have .*"),
    "in a module": (
        "train.py",
        [NEW, "env=tests.support.broken_envs:Brokn-v0"],
        r"env is 'tests\.support\.broken_envs:Brokn-v0'; a name in .* is 'Brokn-v0'; known are Broken, Broken-v0, .*",
    ),
    "syntax": ("train.py", [NEW, "env.k=[1,"], r"no viable alternative at input '\[1,'"),
    "no value": ("train.py", [NEW, "foo"], r"Error parsing override 'foo' missing EQUAL at '<EOF>'"),
    "switch": ("train.py", [NEW, "--foo"], r"unrecognized arguments: --foo"),
    "choice of a switch": ("train.py", [NEW, "--cfg=foo"], r"argument --cfg/-c: invalid choice: 'foo' .*"),
    "group of Hydra": ("train.py", [NEW, "hydra/launcher=foo"], r"In .* Could not find 'hydra/launcher/foo' .*: basic"),
    "key of Hydra": ("train.py", [NEW, "hydra.foo=1"], r"Could not override 'hydra\.foo'\. .*"),
    "config": ("train.py", [NEW, "--config-name=foo"], r"Cannot find primary config 'foo'\. .*"),
    "configs": ("evaluate.py", ["--config-dir=nowhere"], r"Additional config directory '.*nowhere' not found"),
    "folder of Hydra": ("train.py", [NEW, "hydra.run.dir={finished}/config.yaml/x"], r".*[Nn]ot a directory.*"),
    "interpolation": ("train.py", ["run_dir=${{foo}}"], r"Interpolation key 'foo' not found full_key: run_dir"),
    "resolver": ("train.py", [NEW, "seed=${{oc.env:NO_SUCH}}"], r"KeyError .* 'NO_SUCH' not found\" full_key: seed"),
    "list": ("train.py", [NEW, "seed=1,2"], r"seed is 1,2; values of a sweep .* -m beside; a list is seed=\[1,2\]"),
    "threads": ("train.py", [NEW, "threads=1000000"], r"threads is 1000000; it must be from 1 to \d+"),
    "seed": ("train.py", [NEW, "seed=100000000000000000000"], r"seed is 10+; it must be from 0 to .*"),
    "start": ("evaluate.py", ["checkpoint={finished}", "start=100000000000000000000"], r"start is 10+; it must be .*"),
    "too many levels": ("evaluate.py", ["checkpoint={finished}", "levels=1000000000000"], r"levels is 10+; it must .*"),
    "seed of levels": (
        "train.py",
        [NEW, "env.levels={{start:100000000000000000000,count:1}}"],
        r"env\.levels\.start is 10+; it must be .*",
    ),
    "precision": ("train.py", [NEW, "model.precision=half"], r"model\.precision is 'half'; it must be 'float32' or .*"),
}
"""By name: a script, its arguments, and its error as a regular expression."""


@pytest.fixture(scope="module")
def refused(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run the scripts with each bad setting."""
    place = tmp_path_factory.mktemp("bad")
    results = call_all(BAD, place=place, finished=finished)
    assert not list(place.iterdir()), "nothing is left behind"
    return results


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line(case: str, refused: dict[str, subprocess.CompletedProcess[str]]) -> None:
    assert_refused(refused[case], BAD[case][2])


def test_a_path_may_have_any_characters(finished: Path, tmp_path: Path) -> None:
    """Those that a shell, Hydra and OmegaConf read as their own."""
    folder = tmp_path / "it's jürgen's run, a=b {c} [d] (e) #f; ~g $h \"i\" \\j"
    done = call("train.py", *small("total_steps=100"), f"run_dir={folder}")
    assert done.returncode == 0, done.stderr
    assert (folder / "metrics.csv").is_file()
    resumed = call("train.py", f"resume={folder}", "total_steps=200")
    assert resumed.returncode == 0, resumed.stderr
    played = call("evaluate.py", f"checkpoint={folder}", "levels=2")
    assert played.returncode == 0, played.stderr


def test_help_lists_everything() -> None:
    done = call("train.py", "--help")
    assert done.returncode == 0
    for kind in ("env", "memory", "agent", "experiment"):
        listed = re.search(rf"^{kind}: (.*)$", done.stdout, re.MULTILINE)
        assert listed
        assert listed[1].split(", ") == sorted(file.stem for file in (ROOT / "configs" / kind).glob("*.yaml"))


def test_a_sweep_goes_on_after_a_job_that_fails_and_says_which_did(tmp_path: Path) -> None:
    changed = ["memory.hidden_size=8,-1", "env.length=5,-3", "total_steps=16", "rollout_steps=8", "seed=0"]
    runs = "run_dir=" + str(tmp_path) + "/h${memory.hidden_size}-l${env.length}"
    done = call("train.py", "-m", *small(*changed), runs)
    assert done.returncode == 1
    assert [folder.name for folder in tmp_path.iterdir()] == ["h8-l5"]
    *lines, last = done.stderr.splitlines()
    assert len(lines) == 3
    assert all(re.fullmatch(r"error: (memory\.hidden_size is -1|env\.length is -3); .*", line) for line in lines)
    named = re.findall(r"env\.length=(\S+)|memory\.hidden_size=(\S+)", last)
    assert last.startswith("error: 3 jobs failed: ")
    assert ["".join(pair) for pair in named].count("-3") == 2


def test_a_run_is_filed_under_what_was_chosen_and_found_there() -> None:
    done = call("train.py", *small("total_steps=16", "rollout_steps=8", "agent.lr=1e-3"))
    assert done.returncode == 0, done.stderr
    found = re.search(r"runs/repeat_previous/gru/ppo/agent\.lr=0\.001,[\w.,=-]+/[\d_-]+-s0", done.stdout)
    assert found, done.stdout
    folder = ROOT / found[0]
    try:
        assert call("train.py", f"resume={found[0]}", "total_steps=100").returncode == 0
        evaluated = call("evaluate.py", f"checkpoint={found[0]}", "levels=2", "repetitions=1")
        assert evaluated.returncode == 0, evaluated.stderr
    finally:
        shutil.rmtree(folder)
