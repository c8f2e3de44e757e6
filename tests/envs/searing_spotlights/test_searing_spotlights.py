"""Searing Spotlights can be solved by memory, and its rules hold at their edges."""

from typing import Any

import numpy as np
import pytest

from memorl.envs import SearingSpotlights


def figure_in(picture: np.ndarray) -> np.ndarray:
    """The centre of a figure in plain sight that may be cut off at an edge or by the bar."""
    body = np.argwhere((picture == (250, 204, 153)).all(-1))
    low, high = body.min(0), body.max(0)
    return np.where(low > (0, 4), low + 6, high - 5)


def coin_in(picture: np.ndarray) -> np.ndarray | None:
    """The centre of a coin that can be seen."""
    coin = np.argwhere((picture == (255, 165, 0)).all(-1))
    return coin.min(0) + 3 if len(coin) else None


class Player:
    """Sees figure, coin and exit once and then knows from memory where it is and where they are."""

    def __init__(self, picture: np.ndarray) -> None:
        self.at, self.targets = figure_in(picture), [coin_in(picture)]
        exit_ = np.argwhere((picture == (55, 55, 55)).all(-1))
        self.targets += [exit_.min(0) + 4] if len(exit_) else []
        self.start()

    def start(self) -> None:
        self.target = self.targets.pop(0)

    def act(self) -> np.ndarray:
        if np.linalg.norm(self.target - self.at) <= 9 and self.targets:
            self.start()
        away = self.target - self.at
        action = np.where(np.abs(away) < 2, 0, np.where(away > 0, 2, 1))
        stride = 2 if action.all() else 3
        self.at = np.clip(self.at + stride * ((action == 2).astype(int) - (action == 1)), (6, 10), 78)
        return action


@pytest.mark.parametrize("use_exit", [True, False])
def test_a_player_who_remembers_gets_everything(use_exit: bool) -> None:
    envs = SearingSpotlights(num_envs=32, agent_health=1000, use_exit=use_exit)
    observation, _ = envs.reset(seed=70)
    players = [Player(picture) for picture in observation]
    playing = np.ones(32, np.bool_)
    for _ in range(80):
        observation, _, ends, _, infos = envs.step(np.array([player.act() for player in players]))
        for i in np.flatnonzero(playing & ends):
            assert infos["success"][i] == infos["coins_collected"][i] == 1
            assert infos["reward"][i] == (1.25 if use_exit else 0.25)
        playing &= ~ends
    assert not playing.any()


def test_without_exit_and_coins_only_time_or_death_end_an_episode() -> None:
    env = SearingSpotlights(use_exit=False, num_coins=[0], max_steps=30, agent_health=1000)
    env.reset(seed=0)
    ends = [env.step(np.zeros((1, 2), np.int64))[2][0] for _ in range(30)]
    assert ends == [False] * 29 + [True]


def test_an_endless_player_who_remembers_gets_coin_after_coin() -> None:
    env = SearingSpotlights(endless=True, agent_health=10_000, max_steps=1000)
    observation, infos = env.reset(seed=3)
    player = Player(observation[0])
    ends = np.zeros(1, np.bool_)
    while not ends[0]:
        observation, rewards, ends, _, infos = env.step(player.act()[None])
        assert np.array_equal(np.round(infos["ground_truth"][0, :2] * 84), player.at)
        if rewards[0]:
            player.target = coin_in(observation[0])
        assert np.array_equal(np.round(infos["ground_truth"][0, 2:] * 84), player.target)
    assert infos["length"][0] == 1000
    assert infos["coins_collected"][0] > 40


def test_an_endless_episode_ends_when_no_coin_is_taken() -> None:
    env = SearingSpotlights(endless=True, agent_health=1000, steps_per_coin=20)
    env.reset(seed=5)
    ends = [env.step(np.zeros((1, 2), np.int64))[2][0] for _ in range(20)]
    assert ends == [False] * 19 + [True]


def test_autoreset_gives_the_episodes_of_a_reset_at_each_end() -> None:
    for endless in (False, True):
        by_itself, by_hand = SearingSpotlights(endless=endless), SearingSpotlights(endless=endless)
        by_itself.reset(seed=11)
        by_hand.reset(seed=11)
        ended = False
        for actions in np.random.default_rng(0).integers(0, 3, (300, 1, 2)):
            observation, *_ = by_itself.step(actions)
            expected, same_ends = (by_hand.reset()[0], False) if ended else by_hand.step(actions)[:3:2]
            assert np.array_equal(observation, expected)
            ended = bool(same_ends)


@pytest.mark.parametrize("endless", [False, True])
def test_without_show_last_action_the_bar_keeps_its_ground(endless: bool) -> None:
    """Memory Gym's endless variant crashes here."""
    env = SearingSpotlights(endless=endless, show_last_action=False, show_last_positive_reward=False)
    env.reset(seed=0)
    observation, *_ = env.step(np.full((1, 2), 2))
    assert (observation[0, 42:, :4] == (0 if endless else 50)).all()


def test_as_many_coins_as_allowed_find_a_place() -> None:
    """Memory Gym fails when no cell is free."""
    observation, _ = SearingSpotlights(num_coins=[16], num_envs=8).reset(seed=0)
    assert [coin_in(picture) is not None for picture in observation] == [True] * 8


@pytest.mark.parametrize(
    ("endless", "wrong"),
    [
        (False, {"spot_min_radius": 9, "spot_max_radius": 8}),
        (False, {"spot_min_speed": 0.2, "spot_max_speed": 0.1}),
        (False, {"initial_spawns": 40, "num_spawns": 30}),
        (True, {"spawn_interval": 1}),
        (True, {"spot_min_speed": 0}),
    ],
)
def test_options_that_do_not_go_together_are_refused(endless: bool, wrong: dict[str, Any]) -> None:
    plain = SearingSpotlights(endless=endless)
    with pytest.raises(ValueError, match=next(iter(wrong))):
        plain.reset(options=wrong)
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SearingSpotlights(endless=endless, **wrong)
