"""What TensorBoard itself serves of several runs and a probe: its answers to its pages, and not what a reader finds."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from memorl.agents.experiment.board import flatten
from tests.support.runs import train_small
from tests.support.scripts import call


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    train_small(folder / "gru", "seed=1")
    train_small(folder / "lstm", "memory=diagonal_lstm", "agent.final_lr=null", "evaluate_every=2", "evaluate_levels=3")
    done = call("evaluate.py", f"checkpoint={folder / 'gru'}", "levels=2", "probe=true", "probe_steps=16")
    assert done.returncode == 0, done.stderr
    assert call("train.py", f"resume={folder / 'gru'}", "total_steps=700").returncode == 0
    return folder


@pytest.fixture(scope="module")
def url(runs: Path) -> Iterator[str]:
    """Return the address of a TensorBoard of the runs, started as a user does."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(runs), "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        address = (re.search(r"http://\S+", line) for line in process.stderr)
        yield next(found[0] for found in address if found)
        process.terminate()


def fetch(url: str, page: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}data/plugin/{page}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def experiment(url: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while len(found.get("hparamInfos", ())) == 0 or not fetch(url, "images/tags"):  # it reads in a thread of its own
        found = fetch(url, "hparams/experiment", {"experimentName": "", "hparamsLimit": 0})
    return found


def test_runs_have_one_name_each_and_share_their_charts(url: str, experiment: dict[str, Any]) -> None:
    scalars = fetch(url, "scalars/tags")
    probed = [name for name in scalars if "probe" in name]
    assert sorted(set(scalars) - set(probed)) == ["gru", "lstm"], "nothing else litters the list of runs"
    assert len(probed) == 1
    assert {"charts/episodic_return", "averages/last_return"} <= scalars["gru"].keys() & scalars["lstm"].keys()
    assert "evaluation/return" in scalars["lstm"]
    for run, tags in fetch(url, "images/tags").items():
        assert not tags.keys() & scalars[run].keys(), "a tag with two kinds of data is shown as one of them"


def test_the_pictures_of_a_probe_are_shown(url: str, experiment: dict[str, Any]) -> None:
    ((run, tags),) = fetch(url, "images/tags").items()
    assert "probe/heatmap/influence" in tags
    (picture,) = fetch(url, f"images/images?run={run}&tag=probe/heatmap/influence&sample=0")
    with urllib.request.urlopen(f"{url}data/plugin/images/individualImage?{picture['query']}") as answer:
        assert Image.open(answer).size == (512, 512)


def test_hparams_compares_runs_of_different_memories(url: str, experiment: dict[str, Any]) -> None:
    names = {info["name"] for info in experiment["hparamInfos"]}
    assert {"Memory", "Env", "memory.hidden_size", "memory.credit", "agent.lr", "seed", "env.k"} <= names
    assert {info["name"] for info in experiment["hparamInfos"] if info.get("differs")} >= {"Memory", "seed"}
    assert sorted(names)[:5] == ["Agent", "Encoder", "Env", "Memory", "Model"], "these are the columns that are shown"
    metrics = [info["name"]["tag"] for info in experiment["metricInfos"]]
    assert metrics[:2] == ["averages/best_return", "averages/last_return"]
    columns = [{"hparam": name} for name in names] + [{"metric": info["name"]} for info in experiment["metricInfos"]]
    request = {"experimentName": "", "allowedStatuses": ["STATUS_SUCCESS"], "colParams": columns, "sliceSize": 9}
    groups = fetch(url, "hparams/session_groups", request)["sessionGroups"]
    assert {group["hparams"]["Memory"] for group in groups} == {"GRU", "DiagonalLSTM"}
    assert {group["hparams"]["agent.normalize_advantage"] for group in groups} == {False}
    for group in groups:
        assert {"averages/best_return", "charts/episodic_return"} <= {v["name"]["tag"] for v in group["metricValues"]}


def test_the_text_page_has_every_setting_as_it_is_now(url: str, experiment: dict[str, Any]) -> None:
    tags = fetch(url, "text/tags")["gru"]
    assert set(tags) == {"config/text_summary", "run/text_summary"}
    first, resumed = fetch(url, "text/text?run=gru&tag=config/text_summary")
    assert "<td><code>memory.hidden_size</code></td>\n<td><code>8</code></td>" in first["text"]
    assert "<td><code>total_steps</code></td>\n<td><code>600</code></td>" in first["text"]
    assert "<td><code>total_steps</code></td>\n<td><code>700</code></td>" in resumed["text"]
    assert "<td><code>parameters</code></td>" in fetch(url, "text/text?run=gru&tag=run/text_summary")[0]["text"]


def test_settings_have_flat_names() -> None:
    part = {"_target_": "pkg.Thing", "layouts": {"a": "hwc"}, "sizes": [1, 2], "none": None}
    flat = flatten({"env": part, "seed": 3})
    assert flat == {"env": "pkg.Thing", "env.layouts": {"a": "hwc"}, "env.sizes": [1, 2], "env.none": None, "seed": 3}
