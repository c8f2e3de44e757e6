"""The installed commands: what the scripts do, from any folder, and they name each other as they were typed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.runs import small

BIN = Path(sys.executable).parent
COMMANDS = ("train", "evaluate", "export", "compare", "play")

if not (BIN / "memorl-train").exists():
    pytest.skip("the library is not installed", allow_module_level=True)


def call(name: str, *arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [BIN / f"memorl-{name}", *arguments], cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_commands_work_together_from_any_folder_and_name_each_other(tmp_path: Path) -> None:
    trained = call("train", *small("run_dir=run", "total_steps=100"), cwd=tmp_path)
    assert "memorl-evaluate checkpoint=run\n" in trained
    assert "memorl-train resume=run total_steps=" in trained
    assert ".py " not in trained
    assert "figure     mean" in call("evaluate", "checkpoint=run", "levels=2", "repetitions=1", cwd=tmp_path)
    call("export", "run=run", "format=pt2", cwd=tmp_path)
    assert (tmp_path / "run" / "policy.pt2").exists()
    call("compare", "run", "--figure", "losses/loss", cwd=tmp_path)
    assert "memorl-compare run --figure" in (tmp_path / "comparison" / "index.html").read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_how_the_command_is_typed(name: str, tmp_path: Path) -> None:
    usage = call(name, "--help", cwd=tmp_path)
    assert f"memorl-{name} " in usage
    assert "python " not in usage
