"""Figures of episodes: every number that an environment reports counts, and none replaces the return."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.wrappers.vector import DtypeObservation

from memorl.agents import Stream
from memorl.agents.episodes import EpisodeStatistics, mean_figures
from memorl.agents.experiment import summarise
from memorl.envs import NextStep, RepeatPrevious


class Reporter(gymnasium.Env[Any, Any]):
    """Reports figures in the infos of its last step, and others, where there are some, in those before."""

    observation_space = spaces.Box(-1, 1, (2,))
    action_space = spaces.Discrete(2)

    def __init__(self, figures: dict[Any, Any], before: dict[Any, Any] | None = None, length: int = 3) -> None:
        self.figures = figures
        self.before = before or {}
        self.length = length

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.t = 0
        return np.zeros(2, np.float32), self.before

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.t += 1
        over = self.t == self.length
        return np.zeros(2, np.float32), 2.0, over, False, self.figures if over else self.before


def figures_of(*reports: dict[str, Any]) -> list[dict[str, float]]:
    stream = Stream(NextStep(SyncVectorEnv([lambda report=report: Reporter(report) for report in reports])))
    stream.reset(0)
    for _ in range(3):
        stream.step(torch.zeros(len(reports), 1, dtype=torch.int64))
    return stream.episodes.pop()


def test_the_return_is_counted_and_the_environments_own_has_another_name() -> None:
    (episode,) = figures_of({"return": 777.0, "length": 5, "level": 3})
    assert episode == {"return": 6, "length": 3, "env_return": 777, "env_length": 5, "env_level": 3}


@pytest.mark.parametrize(
    "success",
    [
        True, 1, 1.0, np.bool_(True), np.float32(1), np.array(1), np.array(True), np.uint8(1), np.float16(1),
        torch.tensor(1.0), torch.tensor(1, dtype=torch.bfloat16), torch.tensor(True), Fraction(1), Decimal(1),
        np.array([1.0]), np.array([[1]]), torch.ones(1), [1], (1.0,), [True], (np.array([1]),),
    ],
)  # fmt: skip
def test_every_kind_of_number_counts(success: Any) -> None:
    (episode,) = figures_of({"success": success, "nested": {"deep": {"success": success}}})
    assert (episode["success"], episode["nested.deep.success"]) == (1, 1)


def test_what_is_no_number_does_not_count() -> None:
    (episode,) = figures_of(
        {
            "name": "text",
            "place": np.ones(2),
            "nothing": None,
            "complex": 1j,
            "many": [1, 2],
            "none": [],
            "texts": ["text"],
            "empty": np.ones(0),
            "date": np.array(["2020-01-01"], "M8[D]"),
        }
    )
    assert episode == {"return": 6, "length": 3}


def test_every_environment_keeps_its_own_value() -> None:
    episodes = figures_of({"score": 1}, {"score": 0.75}, {"score": True}, {})
    assert [episode.get("score") for episode in episodes] == [1, 0.75, 1, None]


def modes() -> list[Any]:
    same = {"autoreset_mode": AutoresetMode.SAME_STEP}
    batches = {
        "sync": SyncVectorEnv, "async": AsyncVectorEnv,
        "sync, same step": partial(SyncVectorEnv, **same), "async, same step": partial(AsyncVectorEnv, **same),
        "wrapped": lambda envs: DtypeObservation(SyncVectorEnv(envs), np.float32),
    }  # fmt: skip
    return [pytest.param(batch, id=name) for name, batch in batches.items()]


BEFORE: dict[str, Any] = {
    "int": 0, "bool": False, "None": None, "text": "no", "array": np.ones(2), "list": [1], "dictionary": {"x": 3},
    "tensor": torch.tensor(2), "wide": np.ones((2, 2)), "complex": 1j, "huge": 10**30, "date": np.datetime64(0, "D"),
}  # fmt: skip


@pytest.mark.parametrize("batch", modes())
@pytest.mark.parametrize("before", BEFORE)
def test_others_that_go_on_change_no_value(before: str, batch: Callable[..., VectorEnv]) -> None:
    """Environments end one after the other, so that each is beside others that report something of another kind."""
    value = BEFORE[before]
    scores = [0.75, 2, True, 0.5, "text", torch.tensor(0.25)]
    if batch is AsyncVectorEnv or getattr(batch, "func", None) is AsyncVectorEnv:
        scores[-1] = 0.25  # a tensor of another process is only of use where it is not gone
    makers = [
        partial(Reporter, {"score": s, "m": {"hits": s}}, {"score": value, "m": {"hits": value}}, 3 + n)
        for n, s in enumerate(scores)
    ]
    envs = NextStep(batch(makers))
    stream = Stream(envs)
    stream.reset(0)
    ends: dict[int, dict[str, float]] = {}
    for _ in range(8):
        step = stream.step(torch.zeros(len(scores), 1, dtype=torch.int64))
        for n, episode in zip(step.last.nonzero().flatten().tolist(), stream.episodes.pop(), strict=True):
            ends.setdefault(n, episode)
    envs.close()
    expected = [0.75, 2, 1, 0.5, None, 0.25]
    assert [ends[n].get("score") for n in range(6)] == expected
    assert [ends[n].get("m.hits") for n in range(6)] == expected


def test_no_figure_replaces_another() -> None:
    (episode,) = figures_of({"return": 777, "env_return": 5, "a": {"b": 2}, "a.b": 1, "1": 3, 1: 4, "_a": 6, ("x",): 7})
    assert episode == {
        "return": 6, "length": 3, "env_return": 5, "env_return_2": 777, "a.b": 1, "a.b_2": 2, "1": 3, "1_2": 4,
        "a_": 6, "('x',)": 7,
    }  # fmt: skip


def test_a_figure_keeps_its_name() -> None:
    one, both = {"a": {"b": 2}}, {"a.b": 1, "a": {"b": 2}}
    episodes = figures_of(one, both, one, {"a.b": 1})
    assert [episode.get("a.b") for episode in episodes] == [2, 2, 2, None]
    assert [episode.get("a.b_2") for episode in episodes] == [None, 1, None, 1]


def test_games_do_not_repeat_the_return_and_the_length() -> None:
    stream = Stream(RepeatPrevious(num_envs=2, k=1, length=5))
    stream.reset(0)
    for _ in range(20):
        stream.step(torch.zeros(2, 1, dtype=torch.int64))
    assert all(set(episode) == {"return", "length", "success", "accuracy"} for episode in stream.episodes.pop())


@pytest.mark.parametrize("count", [1, 3, 100])
@pytest.mark.parametrize("number", [-1e308, np.finfo(float).max, -np.finfo(float).max, 5e-324, 0.1])
def test_the_mean_of_equal_figures_is_that_figure(number: float, count: int) -> None:
    assert mean_figures([{"score": number}] * count) == {"score": pytest.approx(number, rel=1e-12)}
    table = summarise([{"score": number}] * 2 * count, 2)["score"]
    assert [table[name] for name in ("mean", "low", "high")] == pytest.approx([number] * 3, rel=1e-12)
    assert table["std"] == pytest.approx(0, abs=1e-12 * abs(number))


def test_large_figures_of_both_signs_have_a_mean() -> None:
    assert mean_figures([{"score": x} for x in (1e308, 1.5e308, -1e308, -1.5e308)]) == {"score": 0}
    table = summarise([{"score": x} for x in (1e308, -1e308)], 1)["score"]
    assert (table["mean"], table["std"]) == (0, 1e308)


def test_figures_that_contain_themselves_are_named() -> None:
    figures: dict[str, Any] = {"x": 1}
    figures["inner"] = figures
    statistics = EpisodeStatistics(1)
    infos = {"a": np.array([figures]), "_a": np.array([True])}
    with pytest.raises(ValueError, match=r"^infos of env 0 are nested in more than 32 dictionaries, or contain them"):
        statistics.update(np.zeros(1), np.zeros(1, bool), np.ones(1, bool), infos)
