"""Searing Spotlights equals Memory Gym's, to the byte."""

import hashlib
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memorl.envs import SearingSpotlights

VARIANTS: dict[str, dict[str, bool]] = {"SearingSpotlights-v0": {}, "Endless-SearingSpotlights-v0": {"endless": True}}
TRACES = np.load(Path(__file__).parent / "data" / "searing_spotlights.npz")
EPISODES: list[dict[str, Any]] = json.loads(str(TRACES["meta"]))
CASES = sorted({episode["key"].split("_")[0] for episode in EPISODES if episode["key"][0] != "v"}, key=int)


def of_case(case: str) -> list[dict[str, Any]]:
    return [episode for episode in EPISODES if episode["key"].split("_")[0] == case]


def told(infos: Mapping[str, Any], i: int) -> dict[str, Any]:
    """What the infos say of env i, as the recorder wrote it; None is nan."""
    keys = [key for key in infos if not key.startswith("_") and infos[f"_{key}"][i]]
    values = {key: infos[key][i].tolist() for key in keys}
    return {key: None if value != value else value for key, value in values.items()}


def replay(envs: SearingSpotlights, episodes: list[dict[str, Any]], after_another: bool = False) -> None:
    """Play recorded episodes of one case side by side; each is compared until its end.

    Episodes of a case were recorded one after the other in one env. Where darkness sets in at once the first picture
    shows spotlights of the episode before, so that it can be compared only if that was played, too.
    """
    traces = [{part: TRACES[f"{episode['key']}_{part}"] for part in "ardo"} for episode in episodes]
    options = episodes[0]["options"]
    observation, infos = envs.reset(seed=[episode["seed"] for episode in episodes], options=options)
    for i, episode in enumerate(episodes):
        assert told(infos, i) == episode["infos"][0]
        if after_another or options.get("light_dim_off_duration") != 0 or episode["key"].endswith("_0"):
            assert zlib.crc32(observation[i]) == traces[i]["o"][0]
    for t in range(max(len(trace["a"]) for trace in traces)):
        playing = [i for i, trace in enumerate(traces) if t < len(trace["a"])]
        actions = np.zeros((len(episodes), 2), np.int64)
        for i in playing:
            actions[i] = traces[i]["a"][t]
        observation, rewards, ends, truncations, infos = envs.step(actions)
        assert not truncations.any()
        for i in playing:
            assert zlib.crc32(observation[i]) == traces[i]["o"][t + 1], (episodes[i]["key"], t)
            assert (rewards[i], ends[i]) == (traces[i]["r"][t], traces[i]["d"][t]), (episodes[i]["key"], t)
            if ends[i]:
                assert told(infos, i) == episodes[i]["infos"][-1]
            else:
                assert told(infos, i).keys() == set(envs.every_step_keys)


@pytest.mark.parametrize("episode", EPISODES, ids=lambda episode: episode["key"])
def test_recorded_episode_alone(episode: dict[str, Any]) -> None:
    replay(SearingSpotlights(**VARIANTS[episode["env"]]), [episode])


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_as_a_batch(case: str) -> None:
    episodes = of_case(case)
    replay(SearingSpotlights(**VARIANTS[episodes[0]["env"]], num_envs=len(episodes)), episodes)


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_one_after_the_other(case: str) -> None:
    """In one env, as they were recorded, what an episode leaves to the next included."""
    episodes = of_case(case)
    env = SearingSpotlights(**VARIANTS[episodes[0]["env"]])
    for episode in episodes:
        replay(env, [episode], after_another=True)


@pytest.mark.parametrize(
    ("name", "digest", "ended", "total"),
    [
        ("SearingSpotlights-v0", "fe68cebd9a0f32d7367a3f2606357c2cb837e655", 2, 0.0),
        ("Endless-SearingSpotlights-v0", "1b394367a0f6caaefd796c94c39f80c0d2287b3a", 2, 0.0),
    ],
)
def test_golden_hash_over_episodes(name: str, digest: str, ended: int, total: float) -> None:
    """400 random actions through Memory Gym itself, a new seed at each end, hashed there once and for all."""
    env, tape = SearingSpotlights(**VARIANTS[name]), np.random.default_rng(123)
    hashed, episodes, returned = hashlib.sha1(), 0, 0.0
    observation, _ = env.reset(seed=7)
    hashed.update(observation.tobytes())
    for _ in range(400):
        observation, rewards, ends, _, _ = env.step(tape.integers(0, 3, (1, 2)))
        hashed.update(observation.tobytes())
        hashed.update(rewards.tobytes())
        returned += rewards[0]
        if ends[0]:
            episodes += 1
            observation, _ = env.reset(seed=7 + episodes)
            hashed.update(observation.tobytes())
    assert (episodes, round(returned, 9)) == (ended, total)
    assert hashed.hexdigest() == digest


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
