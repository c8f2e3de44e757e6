"""The page of a comparison, its tables and its picture are complete, and say what is in the comparison."""

import csv
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from memorl.agents.comparison import compare, find_published, write_comparison
from tests.support.recorded import record
from tests.support.scripts import ROOT, call

VOID = {"meta", "br", "line", "path", "use", "rect", "defs", "circle"}
LSTM = {"_target_": "memorl.memory.LSTM", "hidden_size": 8}
GRID = {"_target_": "memorl.envs.MortarMayhem", "grid": True, "levels": {"start": 0, "count": 100_000}}


class Outline(HTMLParser):
    """The texts of a page, what it loads, and the elements that are open at its end."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.loads: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for seed in range(3):
        record(tmp_path / f"gru{seed}", list(np.linspace(0, 1 + seed, 20)), seed=seed)
        record(tmp_path / f"lstm<{seed}>", list(np.linspace(0, 2, 20)), seed=seed, memory=LSTM)
        record(tmp_path / f"game{seed}", [0.1, 0.2], 5_000_000, seed=seed, env=GRID)
    return tmp_path


def test_the_page_needs_nothing_else_and_is_well_formed(runs: Path) -> None:
    files = write_comparison(compare(runs), runs / "out", "python compare.py <runs>")
    page = files[0].read_text()
    outline = Outline(page)
    assert outline.open == []
    assert all(link.startswith("#") for link in outline.loads)
    assert "#010203" not in page
    text = " ".join(outline.texts)
    for part in (
        "python compare.py <runs>",
        "RepeatPrevious",
        "MortarMayhem",
        "LSTM",
        "lstm<2>",
        "Before you conclude",
    ):
        assert part in text
    assert page == (runs / "out" / "index.html").read_text()


def test_the_same_runs_make_the_same_page(runs: Path) -> None:
    one, other = (write_comparison(compare(runs), runs / name)[0].read_bytes() for name in ("one", "other"))
    assert one == other


def test_tables_have_the_figures(runs: Path) -> None:
    write_comparison(compare(runs), runs / "out")
    with (runs / "out" / "scores.csv").open() as file:
        rows = {(row["task"], row["group"]): row for row in csv.DictReader(file)}
    assert float(rows["RepeatPrevious", "LSTM"]["mean"]) == pytest.approx(np.linspace(0, 2, 20)[-2:].mean())
    assert rows["MortarMayhem", "GRU"]["scores"] == "[0.2, 0.2, 0.2]"
    assert (runs / "out" / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_the_published_curves_are_drawn_where_a_task_has_them(runs: Path) -> None:
    page = write_comparison(compare(runs), runs / "out")[0].read_text()
    assert "the agents of the Memory Gym paper" in page
    alone = write_comparison(compare(runs / "gru0"), runs / "alone")[0].read_text()
    assert "Memory Gym" not in alone


@pytest.mark.parametrize(
    ("task", "agents"),
    [
        ({"env": "memorl.envs.MortarMayhem", "env.grid": True}, {"gru", "trxl", "ppo", "pos_enc", "4stack", "16stack"}),
        ({"env": "memorl.envs.MortarMayhem", "env.grid": True, "env.observation": "symbolic"}, {"gru", "trxl"}),
        ({"env": "memorl.envs.FromGymnasium", "env.id": "memorl/MortarMayhem-Grid-v0"}, {"gru", "trxl"}),
        ({"env": "memorl.envs.MysteryPath", "env.grid": True, "env.show_goal": True, "env.show_origin": True}, {"gru"}),
        ({"env": "memorl.envs.MortarMayhem", "env.grid": True, "env.command_count": [4]}, set()),
        ({"env": "memorl.envs.RepeatPrevious"}, set()),
    ],
)
def test_which_curves_a_task_has(task: dict[str, object], agents: set[str]) -> None:
    found = {curve.agent: curve for curve in find_published(task, "charts/episodic_return")}
    assert agents <= set(found)
    assert bool(agents) == bool(found)
    assert find_published(task, "losses/entropy") == []


def test_a_published_curve_is_that_of_the_paper() -> None:
    task = {"env": "memorl.envs.MortarMayhem", "env.grid": True, "env.act_only": True}
    curves = {curve.agent: curve for curve in find_published(task, "charts/episodic_return")}
    assert curves["gru"].seeds.shape[0] == 5
    assert curves["gru"].steps[1] == 8_192_000
    assert curves["gru"].mean[1] == pytest.approx(0.42, abs=0.005)
    cues = {
        shown: {c.agent: c for c in find_published(_mystery(shown), "episode/success")}["gru"].mean[-1]
        for shown in (False, True)
    }
    assert cues[True] > 0.99
    assert cues[False] < 0.75


def test_the_script(runs: Path) -> None:
    done = call("compare.py", str(runs), "--out", str(runs / "out"))
    assert done.returncode == 0, done.stderr
    assert re.search(r"RepeatPrevious, 2,000 steps: LSTM: 1\.9\d \[1\.9\d, 1\.9\d\], 3 runs", done.stdout)
    assert f"the page is {runs / 'out' / 'index.html'}" in done.stdout
    done = call("compare.py", str(ROOT / "docs"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("error: ")


def _mystery(shown: bool) -> dict[str, object]:
    return {
        "env": "memorl.envs.MysteryPath",
        "env.grid": True,
        "env.show_goal": shown or None,
        "env.show_origin": shown,
    }
