"""Evaluations during a training do not disturb it."""

import csv
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from memorl.agents.experiment import Run, evaluate_run, train_run
from tests.support.runs import GAME, assert_refused, composed, small
from tests.support.scripts import call

EVALUATED = ["evaluate_every=2", "evaluate_levels=5"]
WITH_LEVELS = small("env.levels={start:0,count:99}")
"""Without levels an environment has a random stream that it never draws from, and that is another in every process."""


def train(folder: Path, *overrides: str) -> dict[str, Any]:
    """Finish a run in this process and return its newest checkpoint."""
    torch.manual_seed(0)
    folder.mkdir()
    train_run(Run(composed(*overrides, f"run_dir={folder}", "total_steps=1500", "checkpoint_every=3")), folder, True)
    return torch.load(max((folder / "checkpoints").glob("step-*.pt")), weights_only=True)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def assert_same(one: Any, other: Any) -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = list(one.values()), list(other.values())
    if isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    else:
        assert one == other


@pytest.mark.parametrize("greedy", ["true", "false"])
@pytest.mark.parametrize("arguments", [WITH_LEVELS, GAME], ids=["repeat_previous", "mortar_mayhem_grid"])
def test_a_run_with_evaluations_equals_one_without(arguments: list[str], greedy: str, tmp_path: Path) -> None:
    plain = train(tmp_path / "plain", *arguments)
    evaluated = train(tmp_path / "evaluated", *arguments, *EVALUATED, f"evaluate_greedy={greedy}")
    for part in ("model", "agent", "stream", "state", "rng", "recent_returns", "updates"):
        assert_same(plain[part], evaluated[part])
    found = rows(tmp_path / "evaluated")
    with_figures = [row["evaluation/return"] != "" for row in found]
    assert with_figures == [update % 2 == 0 for update in range(1, len(found) + 1)]
    trained = [{k: v for k, v in row.items() if not k.startswith("evaluation/")} for row in found]
    assert trained == rows(tmp_path / "plain")


def test_a_run_with_evaluations_goes_on_bit_for_bit(tmp_path: Path) -> None:
    arguments = small(*EVALUATED, "agent.anneal_steps=1000", "checkpoint_every=3")
    assert call("train.py", *arguments, f"run_dir={tmp_path / 'whole'}", "total_steps=1000").returncode == 0
    assert call("train.py", *arguments, f"run_dir={tmp_path / 'parts'}", "total_steps=500").returncode == 0
    assert call("train.py", f"resume={tmp_path / 'parts'}", "total_steps=1000").returncode == 0
    whole, parts = ((tmp_path / name / "metrics.csv").read_bytes() for name in ("whole", "parts"))
    assert whole == parts
    assert whole.count(b"\n") > 6
    best = [torch.load(tmp_path / name / "checkpoints" / "best.pt", weights_only=True) for name in ("whole", "parts")]
    assert_same(best[0]["model"], best[1]["model"])


def test_the_best_checkpoint_is_that_of_the_best_evaluation(tmp_path: Path) -> None:
    train(tmp_path / "run", *small(*EVALUATED, "checkpoint_every=1000000"))
    scores = {int(r["step"]): float(r["evaluation/return"]) for r in rows(tmp_path / "run") if r["evaluation/return"]}
    best = torch.load(tmp_path / "run" / "checkpoints" / "best.pt", weights_only=True)
    assert best["best_score"] == max(scores.values())
    assert best["best_step"] == best["agent"]["steps"] == max(scores, key=lambda step: scores[step])
    done = call("train.py", f"resume={tmp_path / 'run'}", "total_steps=1600")
    assert f"best return  {max(scores.values()):.3f} at step {best['best_step']:,}, on held-out levels" in done.stdout


def test_random_streams_and_modes_are_left_as_they_were() -> None:
    run = Run(composed(*small(*EVALUATED, "run_dir=none")))
    run.model.train()
    run.model.body.eval()
    draws = []
    for evaluates in (False, True):
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        torch.manual_seed(1)
        if evaluates:
            figures = evaluate_run(run)
            assert figures == evaluate_run(run), "the figures do not depend on the evaluations before"
        draws.append((random.random(), np.random.random(), torch.rand(1).item()))  # noqa: NPY002
    assert draws[0] == draws[1]
    assert set(figures) == {"evaluation/return", "evaluation/length", "evaluation/success", "evaluation/accuracy"}
    assert run.model.training
    assert not run.model.body.training


def test_an_endless_episode_is_cut() -> None:
    run = Run(composed(*small(*EVALUATED, "evaluate_max_steps=3", "run_dir=none")))
    assert evaluate_run(run)["evaluation/cut"] == 1
    assert evaluate_run(run)["evaluation/length"] == 3


def test_figures_that_are_not_finite_are_counted_out_in_training_and_evaluation() -> None:
    env = ["env=gymnasium", "env.id=tests.support.broken_envs:Measured-v0", "evaluate_levels=4", "run_dir=none"]
    run = Run(composed(*[a for a in small(*env) if not a.startswith(("env.k=", "env.length="))]))
    figures = evaluate_run(run)
    assert figures == {"evaluation/return": 1, "evaluation/length": 1, "evaluation/some": 2.5}
    for _ in range(2):
        run.stream.step(torch.zeros(8, 1, dtype=torch.int64))
    trained = run.pop_episode_stats()
    assert trained == {"charts/episodic_return": 1, "charts/episodic_length": 1, "episode/some": 2.5}


@pytest.mark.parametrize("setting", ["evaluate_every", "evaluate_levels", "evaluate_max_steps"])
def test_a_setting_of_0_is_refused(setting: str, tmp_path: Path) -> None:
    done = call("train.py", *small(f"run_dir={tmp_path / 'new'}", f"{setting}=0"))
    assert_refused(done, rf"{setting} is 0; it must be from 1 to [\d,]+")


def test_a_batch_of_the_users_own_keeps_each_environments_own_figures() -> None:
    config = composed(*small("run_dir=none", "evaluate_levels=6"))
    run = Run(config | {"env": {"_target_": "tests.support.scores.make_scores"}})
    for _ in range(40):
        run.stream.step(torch.zeros(8, 1, dtype=torch.int64))
    episodes = run.stream.episodes.pop()
    assert len(episodes) > 8
    assert {episode["score"] for episode in episodes} == {0.75}
    assert evaluate_run(run)["evaluation/score"] == 0.75
