"""An episode of an evaluation depends on its level, its repetition and the seed alone."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from memorl.agents import Actions, Episode, Stream
from memorl.agents.experiment import make_console, print_result, run_episodes, summarise, write_result
from memorl.agents.experiment.draws import ROWS_AT_ONCE, Draws
from memorl.envs import make
from tests.support.agents import make_model

LEVELS = [7, 7, 7, 3, 3, 9, 4]


def play(env: str, num_envs: int, **arguments: Any) -> list[Episode]:
    stream = Stream(make(env, num_envs))
    torch.manual_seed(0)
    return run_episodes(make_model(stream), stream, LEVELS, **arguments)


@pytest.mark.parametrize("greedy", [False, True])
@pytest.mark.parametrize("env", ["CartPole-v1", "Pendulum-v1", "repeat_previous"])
def test_the_size_of_a_batch_changes_nothing(env: str, greedy: bool) -> None:
    whole = play(env, len(LEVELS), greedy=greedy, max_steps=60)
    assert len({episode["return"] for episode in whole}) > 1
    for num_envs in (1, 3, 5, 10):
        parts = play(env, num_envs, greedy=greedy, max_steps=60)
        for one, other in zip(whole, parts, strict=True):
            assert one == pytest.approx(other, rel=1e-3)


def test_the_seed_and_the_repetition_choose_the_actions() -> None:
    one = play("CartPole-v1", 3)
    assert one == play("CartPole-v1", 3)
    assert len({episode["return"] for episode in one[:3]}) > 1, "repetitions of a level differ"
    assert one != play("CartPole-v1", 3, seed=1)
    greedy = play("CartPole-v1", 3, greedy=True)
    assert greedy[0] == greedy[1] == greedy[2]


def test_every_episode_says_whether_it_was_cut_when_one_was() -> None:
    episodes = play("CartPole-v1", 2, max_steps=18)
    cut = [episode["cut"] for episode in episodes]
    assert set(cut) == {0.0, 1.0}
    assert summarise(episodes, 1)["cut"] == pytest.approx({**summarise(episodes, 1)["cut"], "mean": np.mean(cut)})
    assert summarise(episodes, 1)["cut"]["episodes"] == len(LEVELS)
    assert not any("cut" in episode for episode in play("CartPole-v1", 2))


def test_the_end_of_every_episode_is_called_once() -> None:
    ends: list[None] = []
    stream = Stream(make("CartPole-v1", 4))
    run_episodes(make_model(stream), stream, LEVELS, on_end=lambda: ends.append(None))
    assert len(ends) == len(LEVELS)


def test_the_numbers_of_an_episode_are_its_own() -> None:
    actions = Actions(spaces.Tuple([spaces.Discrete(2), spaces.Box(-1, 1, (1,))]))
    alone = Draws(5, [(2, 0)], actions)
    beside = Draws(5, [(1, 0), (2, 0), (2, 1)], actions)
    rows = [(alone.next(), beside.next()) for _ in range(2 * ROWS_AT_ONCE + 1)]
    assert all(torch.equal(one[0], many[1]) for one, many in rows)
    many = torch.stack([many for _, many in rows])
    assert len(many.unique()) > 0.99 * many.numel()
    choices, coordinates = many.split([2, 1], -1)
    assert ((choices > 0) & (choices < 1)).all()
    assert coordinates.isfinite().all()
    torch.testing.assert_close(coordinates.std(), torch.ones(()), atol=0.2, rtol=0)


def test_figures_that_are_not_finite_are_counted_out_and_null_in_the_file(tmp_path: Path) -> None:
    bad: list[Episode] = [
        {"return": 1.0, "score": math.nan, "speed": 1.0, "cut": 0.0},
        {"return": 3.0, "score": math.inf, "cut": 1.0},
        {"return": 2.0, "score": math.nan, "speed": 3.0, "cut": 0.0},
        {"return": 2.0, "score": -math.inf, "speed": 2.0, "cut": 0.0},
    ]
    table = summarise(bad, 2)
    assert table["return"]["mean"] == 2
    assert (table["speed"]["mean"], table["speed"]["episodes"]) == (2, 3)
    assert table["score"]["episodes"] == 0
    file = tmp_path / "result.json"
    write_result({"metrics": table, "episodes": bad, "tuple": (1, math.inf)}, file)
    read = json.loads(file.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert read["metrics"]["score"]["mean"] is None
    assert read["episodes"][0]["score"] is None
    assert read["tuple"] == [1, None]


def test_a_bootstrap_interval_needs_little_memory_for_many_levels() -> None:
    episodes: list[Episode] = [{"return": float(n % 7)} for n in range(20_000)]
    row = summarise(episodes, 1)["return"]
    deviation = row["std"] / math.sqrt(len(episodes))
    assert row["high"] - row["low"] == pytest.approx(2 * 1.96 * deviation, rel=0.05)


@pytest.mark.parametrize("columns", ["80", "40"])
def test_the_table_breaks_no_word(columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    name = "combat.kills_of_the_second_boss_by_fire_and_by_water"
    figures = dict.fromkeys(("mean", "std", "low", "high"), -123456.789) | {"episodes": 10_000.0}
    path = "runs/" + "a_long_folder/" * 9 + "step.pt"
    print_result(make_console(), {"checkpoint": path, "step": 1, "metrics": {name: figures, "none": figures}})
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == f"{path}, step 1"
    (row,) = (line for line in shown if name in line)
    assert row.split() == [name, *["-123456.789"] * 3, "..", "-123456.789", "10000"]
    assert not any("…" in line for line in shown)
