"""Figures of episodes: every number that an environment reports counts, and none replaces the return."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv

from memorl.agents import Stream
from memorl.envs import RepeatPrevious
from memorl.envs.adapters.numbers import FloatInfos


class Reporter(gymnasium.Env[Any, Any]):
    """Reports figures in the infos of its third and last step."""

    observation_space = spaces.Box(-1, 1, (2,))
    action_space = spaces.Discrete(2)

    def __init__(self, figures: dict[str, Any]) -> None:
        self.figures = figures

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.t = 0
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.t += 1
        over = self.t == 3
        return np.zeros(2, np.float32), 2.0, over, False, self.figures if over else {}


def figures_of(*reports: dict[str, Any]) -> list[dict[str, float]]:
    stream = Stream(SyncVectorEnv([lambda report=report: FloatInfos(Reporter(report)) for report in reports]))
    stream.reset(0)
    for _ in range(3):
        stream.step(torch.zeros(len(reports), 1, dtype=torch.int64))
    return stream.episodes.pop()


def test_the_return_is_counted_and_the_environments_own_has_another_name() -> None:
    (episode,) = figures_of({"return": 777.0, "length": 5, "level": 3})
    assert episode == {"return": 6, "length": 3, "env_return": 777, "env_length": 5, "env_level": 3}


@pytest.mark.parametrize(
    "success", [True, 1, 1.0, np.bool_(True), np.float32(1), np.array(1), np.array(True), np.uint8(1)]
)
def test_every_kind_of_number_counts(success: Any) -> None:
    (episode,) = figures_of({"success": success, "nested": {"deep": {"success": success}}})
    assert (episode["success"], episode["nested.deep.success"]) == (1, 1)


def test_what_is_no_number_does_not_count() -> None:
    (episode,) = figures_of({"name": "text", "place": np.ones(2), "nothing": None, "complex": 1j})
    assert episode == {"return": 6, "length": 3}


def test_every_environment_keeps_its_own_value() -> None:
    episodes = figures_of({"score": 1}, {"score": 0.75}, {"score": True}, {})
    assert [episode.get("score") for episode in episodes] == [1, 0.75, 1, None]


def test_games_do_not_repeat_the_return_and_the_length() -> None:
    stream = Stream(RepeatPrevious(num_envs=2, k=1, length=5))
    stream.reset(0)
    for _ in range(20):
        stream.step(torch.zeros(2, 1, dtype=torch.int64))
    assert all(set(episode) == {"return", "length", "success", "accuracy"} for episode in stream.episodes.pop())
