"""What a user reads: nothing is broken, wherever it is printed."""

import errno
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import pytest
from torch import nn

from memorl.agents.experiment import Run, announce_compilation, make_console, print_line, train_run
from memorl.agents.experiment.console import print_error, print_facts
from memorl.agents.experiment.report import COMMANDS, describe_end, describe_start
from tests.support.runs import composed, small
from tests.support.scripts import ROOT, call

START = (
    "versions", "device", "environment", "observations", "actions", "memory", "model", "agent", "update", "parameters",
    "writes to", "watch",
)  # fmt: skip


@pytest.mark.parametrize("columns", [80, 40, 12])
def test_facts_break_no_word_and_no_command(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = "a text of many-part words, [red]brackets[/red] and one_that_is_longer_than_twenty_characters " * 2
    command = "python train.py resume=" + "a_folder/" * 12
    print_facts(make_console(), {"what it is": text, "go on": command}, ["go on"])
    shown = capsys.readouterr().out.splitlines()
    assert shown[-1] == f"go on       {command}"
    assert " ".join(" ".join(shown[:-1]).split()) == f"what it is {text}".strip()
    assert all(line.startswith(" " * 12) for line in shown[1:-1])
    assert all(len(line) <= max(columns, 12 + 20) or "longer" in line for line in shown[:-1])


def test_a_start_says_what_the_run_is(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    done = call("train.py", *small(f"run_dir={folder}", "total_steps=600", "last_reward=true"))
    lines = {name: text for name, text in re.findall(r"^(\S+(?: \S+)*) {2,}(\S.*)$", done.stdout, re.MULTILINE)}
    assert [name for name in lines if name in START] == list(START)
    assert "\x1b" not in done.stdout
    assert max(map(len, (line for line in done.stdout.splitlines() if str(folder) not in line))) <= 80
    flat = " ".join(done.stdout.split())
    assert "device cpu, 1 CPU thread environment RepeatPrevious(k=1," in flat
    entries = "last_reward: Box(-inf, inf, (1,), float32) as a vector; observation: Box(0.0, 1.0, (4,), float32) as a"
    assert f"observations {entries} vector; by Encoder actions Discrete(4)" in flat
    assert "GRU(hidden_size=8, init_gain=1.41421, heads=1); its state has 8 numbers an environment" in flat
    assert "agent PPO, values normalised by running moments of their targets" in flat
    assert "128 rows, 8 environments x 16; 16 sequences of 8; 2 minibatches; 3 epochs" in flat
    assert lines["parameters"].isdigit()
    assert lines["writes to"] == str(folder)
    steps, updates, ends, rows = (int(x.replace(",", "")) for x in re.findall(r"[\d,]*\d", lines["steps"])[:4])
    assert steps + ends == rows == updates * 128
    assert re.fullmatch(r"-?\d\.\d{3} at step \d+, mean of \d+ episodes", lines["last return"])
    assert re.fullmatch(r"-?\d\.\d{3} at step \d+, mean of up to 100 episodes at a checkpoint", lines["best return"])
    assert Path(lines["checkpoint"]).is_file()
    for name in ("evaluate", "go on"):
        _, script, *arguments = lines[name].split()
        again = call(script, *arguments, *(["levels=1"] if name == "evaluate" else []))
        assert again.returncode == 0, again.stderr


def test_an_encoder_that_says_nothing_of_what_it_reads_is_shown_by_its_entries(tmp_path: Path) -> None:
    run = Run(composed(*small(f"run_dir={tmp_path}")))
    said = describe_start(run, tmp_path)["observations"]
    assert said == "observation: Box(0.0, 1.0, (4,), float32) as a vector; by Encoder"
    del run.model.encoder.reads
    assert describe_start(run, tmp_path)["observations"] == said.replace(" as a vector", "")
    assert isinstance(run.model.encoder, nn.Module)


def test_a_normalised_entry_says_so(tmp_path: Path) -> None:
    sizes = [argument for argument in small(f"run_dir={tmp_path}") if not argument.startswith("env")]
    run = Run(composed(*sizes, "env=gymnasium", "env.id=CartPole-v1"))
    assert "normalised by running moments" in describe_start(run, tmp_path)["observations"]


@pytest.mark.parametrize(
    ("folder", "logdir"),
    [(".", "."), ("../a b", "'../a b'"), ("runs/x/gru/ppo/1", "runs"), ("/tmp/runs/1", "/tmp/runs/1")],
)
def test_the_command_to_watch_is_for_any_folder(folder: str, logdir: str) -> None:
    run = Run(composed(*small("run_dir=none")))
    facts = describe_start(run, Path(folder))
    assert facts["watch"] == f"tensorboard --logdir {logdir}"


def test_the_end_of_a_run_that_learned_nothing_is_short(tmp_path: Path) -> None:
    run = Run(composed(*small(f"run_dir={tmp_path}")))
    assert describe_end(run, tmp_path, None).keys() == {"steps"}


def test_a_quiet_run_prints_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run").mkdir()
    run = Run(composed(*small(f"run_dir={tmp_path / 'run'}", "total_steps=200")))
    train_run(run, tmp_path / "run", quiet=True)
    printed = capsys.readouterr()
    assert printed.out == printed.err == ""
    assert (tmp_path / "run" / "metrics.csv").exists()


class Unwritable(io.StringIO):
    """A stream that cannot be written any more after some texts, as where a terminal is gone or a disk is full."""

    def __init__(self, texts: int) -> None:
        super().__init__()
        self.texts = texts

    def write(self, text: str) -> int:
        self.texts -= 1
        if self.texts < 0:
            raise OSError(errno.EIO, "Input/output error")
        return super().write(text)


@pytest.mark.parametrize("texts", [None, 0, 5, 20, 40])
def test_a_run_goes_on_where_nothing_can_be_printed(
    texts: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = None if texts is None else Unwritable(texts)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    run = Run(composed(*small("total_steps=300", f"run_dir={tmp_path}")))
    train_run(run, tmp_path)
    print_error("not seen")
    assert run.agent.steps >= 300
    assert len(list((tmp_path / "checkpoints").glob("step-*.pt"))) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", ">&- 2>&-"])
def test_a_script_ends_well_where_nothing_can_be_printed(redirection: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = shlex.join([sys.executable, "train.py", *small(f"run_dir={folder}", "total_steps=300")])
    done = subprocess.run(f"{command} {redirection}", shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((folder / "checkpoints").glob("step-*.pt"))) == 1


def test_a_compilation_is_announced_once(capsys: pytest.CaptureFixture[str]) -> None:
    with announce_compilation():
        for _ in range(2):
            numba.njit(lambda x: x + 1)(3)
    assert capsys.readouterr().out == "compiling the environment and the memory: up to a minute, once\n"
    with announce_compilation(quiet=True):
        numba.njit(lambda x: x + 2)(3)
    numba.njit(lambda x: x + 3)(3)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["TERM", "NO_COLOR"])
def test_a_terminal_gets_no_colours_that_it_did_not_want(name: str, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv(name, {"TERM": "dumb", "NO_COLOR": "1"}[name])
    console = make_console()
    print_facts(console, {"memory": "GRU"}, COMMANDS)
    print_line(console, "[bold]a line[/bold]")
    shown = capsys.readouterr().out
    assert "[bold]a line[/bold]" in shown
    assert not re.search(r"\x1b\[[\d;]*3\d", shown), "a colour"
    assert sys.stdout.writable()
