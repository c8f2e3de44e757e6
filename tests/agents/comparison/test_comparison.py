"""Runs are grouped by what they were, compared where all of them are, and doubts are said."""

from pathlib import Path

import numpy as np
import pytest

from memorl.agents.comparison import compare, make_averages, make_improvements, make_scores
from tests.support.recorded import evaluated, record

LSTM = {"_target_": "memorl.memory.LSTM", "hidden_size": 8}
NONE = {"_target_": "memorl.memory.NoMemory"}
OTHER_TASK = {"_target_": "memorl.envs.Copy"}


def test_groups_are_what_differs_and_not_the_folders(tmp_path: Path) -> None:
    for seed in range(3):
        record(tmp_path / "a" / str(seed), [seed, seed], seed=seed)
        record(tmp_path / "b" / f"lstm-{seed}", [5.0, 6.0], seed=seed, memory=LSTM)
    record(tmp_path / "b" / "more", [1.0, 4.0], seed=7)
    comparison = compare(tmp_path)
    assert [group.name for group in comparison.groups] == ["LSTM", "GRU"]
    assert [len(group.runs["RepeatPrevious"]) for group in comparison.groups] == [3, 4]
    assert comparison.groups[0].scores == {"RepeatPrevious": [6, 6, 6]}
    assert sorted(comparison.groups[1].scores["RepeatPrevious"]) == [0, 1, 2, 4]


@pytest.mark.parametrize("key", ["device", "threads", "run_dir", "checkpoint_every", "evaluate_every", "trust"])
def test_what_nothing_is_learned_from_makes_no_group(key: str, tmp_path: Path) -> None:
    record(tmp_path / "a", [1.0])
    record(tmp_path / "b", [1.0], seed=1, **{key: "other"})
    (group,) = compare(tmp_path).groups
    assert group.name == "all alike"


def test_names_have_no_more_settings_than_tell_groups_apart(tmp_path: Path) -> None:
    record(tmp_path / "a", [1.0], agent={"lr": 1e-3, "gamma": 0.9}, memory={"hidden_size": 8})
    record(tmp_path / "b", [2.0], agent={"lr": 1e-4, "gamma": 0.8}, memory={"hidden_size": 16})
    record(tmp_path / "c", [3.0], agent={"lr": 1e-4, "gamma": 0.8}, memory=LSTM)
    groups = {group.name: group.settings for group in compare(tmp_path).groups}
    assert set(groups) == {"LSTM", "GRU, memory.hidden_size=8", "GRU, memory.hidden_size=16"}
    assert all({"agent.lr", "agent.gamma", "memory"} <= set(settings) for settings in groups.values())
    assert "memory.hidden_size" not in next(s for s in groups.values() if s["memory"].endswith("LSTM"))


def test_classes_of_one_name_are_not_mixed_up(tmp_path: Path) -> None:
    record(tmp_path / "a", [1.0])
    record(tmp_path / "b", [2.0], memory={"_target_": "other.GRU", "hidden_size": 8})
    assert [group.scores for group in compare(tmp_path).groups] == [{"RepeatPrevious": [2]}, {"RepeatPrevious": [1]}]


def test_arguments_of_the_environment_are_tasks_of_their_own(tmp_path: Path) -> None:
    record(tmp_path / "a", [1.0], env={"k": 4})
    record(tmp_path / "b", [2.0], env={"k": 8})
    record(tmp_path / "c", [2.0], env=OTHER_TASK)
    comparison = compare(tmp_path)
    assert set(comparison.steps) == {"RepeatPrevious, k=4", "RepeatPrevious, k=8", "Copy"}
    assert len(comparison.groups) == 1


def test_a_task_is_compared_where_all_its_runs_are(tmp_path: Path) -> None:
    record(tmp_path / "short", [0.0, 1.0], total_steps=200)
    record(tmp_path / "long", [0.0, 2.0, 9.0, 9.0], seed=1, total_steps=400, agent={"anneal_steps": 400})
    comparison = compare(tmp_path)
    (group,) = comparison.groups
    assert group.scores == {"RepeatPrevious": [2, 1]}
    assert "RepeatPrevious: the runs have 200 to 400 steps; they are compared at 200." in comparison.warnings


def test_scores_are_means_of_the_last_tenth(tmp_path: Path) -> None:
    record(tmp_path / "run", list(range(100)), stride=10)
    assert compare(tmp_path).groups[0].scores["RepeatPrevious"] == [pytest.approx(np.mean(range(90, 100)))]


def test_averages_over_tasks_are_scaled(tmp_path: Path) -> None:
    for seed in range(2):
        record(tmp_path / f"1{seed}", [1.0 + seed], seed=seed)
        record(tmp_path / f"2{seed}", [3.0], seed=seed, memory=LSTM)
        record(tmp_path / f"3{seed}", [100.0], seed=seed, env=OTHER_TASK)
        record(tmp_path / f"4{seed}", [500.0], seed=seed, env=OTHER_TASK, memory=LSTM)
    scaled = {row["group"]: row for row in make_averages(compare(tmp_path))}
    assert scaled["LSTM"]["mean"] == 1
    assert scaled["GRU"]["mean"] == pytest.approx((0.25 + 0) / 2)
    raw = {row["group"]: row for row in make_averages(compare(tmp_path, scale=False))}
    assert raw["GRU"]["mean"] == pytest.approx((1.5 + 100) / 2)
    over = {(row["group"], row["over"]): row["probability"] for row in make_improvements(compare(tmp_path))}
    assert over == {("LSTM", "GRU"): 1, ("GRU", "LSTM"): 0}


def test_doubts_are_said(tmp_path: Path) -> None:
    record(tmp_path / "a", [1.0, 1.0])
    record(tmp_path / "b", [1.0, 1.0])
    record(tmp_path / "c", [2.0, 2.0], memory=NONE, env=OTHER_TASK)
    record(tmp_path / "empty", [])
    said = "\n".join(compare(tmp_path).warnings)
    assert "RepeatPrevious: no run has memory=none, so nothing here shows that the task needs a memory." in said
    assert "RepeatPrevious, GRU: 1 seed; with fewer than 3 nothing can be concluded." in said
    assert "RepeatPrevious, GRU: several runs have the seed 0; they are no independent samples." in said
    assert "Copy: GRU has no run here; its averages are over the other tasks." in said
    assert f"left out: {tmp_path / 'empty'} has no charts/episodic_return yet: no episode has ended." in said
    assert "Copy: no run has memory=none" not in said


def test_no_doubt_is_said_where_there_is_none(tmp_path: Path) -> None:
    for seed in range(3):
        record(tmp_path / f"gru{seed}", [1.0], seed=seed)
        record(tmp_path / f"none{seed}", [0.0], seed=seed, memory=NONE)
    assert compare(tmp_path).warnings == []


def test_evaluations_are_the_newest_of_each_run(tmp_path: Path) -> None:
    for seed in range(2):
        folder = record(tmp_path / str(seed), [1.0], seed=seed)
        evaluated(folder, 50, -9.0)
        evaluated(folder, 100, 3.0 + seed)
    (row,) = make_scores(compare(tmp_path))
    assert (row["held_out"], row["evaluated"]) == (3.5, 2)
    evaluated(tmp_path / "0", 200, 3.0, greedy=True)
    assert any("the evaluations differ in how they were played" in warning for warning in compare(tmp_path).warnings)


def test_another_figure(tmp_path: Path) -> None:
    record(tmp_path / "a", [0.25], figure="episode/success")
    assert compare(tmp_path, figure="episode/success").groups[0].scores == {"RepeatPrevious": [0.25]}
    with pytest.raises(ValueError, match=r"has no figure 'episode/succes'; it has .*episode/success"):
        compare(tmp_path, figure="episode/succes")


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a folder; a run has the files"):
        compare(tmp_path / "nothing")
    with pytest.raises(ValueError, match="has no run in it"):
        compare(tmp_path)
    folder = record(tmp_path / "a", [1.0])
    (folder / "config.yaml").write_text("a: [")
    with pytest.raises(ValueError, match="is not the folder of a run"):
        compare(folder)
