"""Searing Spotlights equals Memory Gym's, to the byte."""

from typing import Any

import pytest

from memorl.envs import SearingSpotlights
from tests.support.replay import Traces, golden_hash

VARIANTS: dict[str, dict[str, bool]] = {"SearingSpotlights-v0": {}, "Endless-SearingSpotlights-v0": {"endless": True}}
TRACES = Traces("searing_spotlights")
CASES = TRACES.cases(left_out="v")


def compared_first(episodes: list[dict[str, Any]]) -> list[bool]:
    """Return True for each episode whose first picture does not depend on the episode before.

    Episodes of a case were recorded one after the other in one env. Where darkness sets in at once the first picture
    shows spotlights of the episode before, so that it can be compared only if that was played, too.
    """
    return [one["options"].get("light_dim_off_duration") != 0 or one["key"].endswith("_0") for one in episodes]


@pytest.mark.parametrize("episode", TRACES.episodes, ids=lambda episode: episode["key"])
def test_recorded_episode_alone(episode: dict[str, Any]) -> None:
    TRACES.replay(SearingSpotlights(**VARIANTS[episode["env"]]), [episode], compared_first([episode]))


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_as_a_batch(case: str) -> None:
    episodes = CASES[case]
    envs = SearingSpotlights(**VARIANTS[episodes[0]["env"]], num_envs=len(episodes))
    TRACES.replay(envs, episodes, compared_first(episodes))


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_one_after_the_other(case: str) -> None:
    """In one env, as they were recorded, what an episode leaves to the next included."""
    env = SearingSpotlights(**VARIANTS[CASES[case][0]["env"]])
    for episode in CASES[case]:
        TRACES.replay(env, [episode])


@pytest.mark.parametrize(
    ("name", "digest", "ended", "total"),
    [
        ("SearingSpotlights-v0", "fe68cebd9a0f32d7367a3f2606357c2cb837e655", 2, 0.0),
        ("Endless-SearingSpotlights-v0", "1b394367a0f6caaefd796c94c39f80c0d2287b3a", 2, 0.0),
    ],
)
def test_golden_hash_over_episodes(name: str, digest: str, ended: int, total: float) -> None:
    """400 random actions through Memory Gym itself, a new seed at each end, hashed there once and for all."""
    assert golden_hash(SearingSpotlights(**VARIANTS[name])) == (digest, ended, total)
