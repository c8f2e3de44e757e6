"""Mystery Path equals Memory Gym's, to the byte."""

from typing import Any

import pytest

from memorl.envs import MysteryPath
from tests.support.replay import Traces, golden_hash

VARIANTS: dict[str, dict[str, bool]] = {
    "MysteryPath-v0": {},
    "MysteryPath-Grid-v0": {"grid": True},
    "Endless-MysteryPath-v0": {"endless": True},
}
TRACES = Traces("mystery_path")
CASES = TRACES.cases()


@pytest.mark.parametrize("episode", TRACES.episodes, ids=lambda episode: episode["key"])
def test_recorded_episode_alone(episode: dict[str, Any]) -> None:
    TRACES.replay(MysteryPath(**VARIANTS[episode["env"]]), [episode])


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_as_a_batch(case: str) -> None:
    episodes = CASES[case]
    TRACES.replay(MysteryPath(**VARIANTS[episodes[0]["env"]], num_envs=len(episodes)), episodes)


@pytest.mark.parametrize(
    ("name", "digest", "ended", "total"),
    [
        ("MysteryPath-v0", "672741eb166ebda1c94f326ba710908087eb34f2", 0, 0.2),
        ("MysteryPath-Grid-v0", "ff5cc538598ffd6db38963942ddc38e641b52802", 3, 0.0),
        ("Endless-MysteryPath-v0", "974a9bc79257085a48b98b4426b5b16889060436", 18, 1.9),
    ],
)
def test_golden_hash_over_episodes(name: str, digest: str, ended: int, total: float) -> None:
    """400 random actions through Memory Gym itself, a new seed at each end, hashed there once and for all."""
    assert golden_hash(MysteryPath(**VARIANTS[name])) == (digest, ended, total)
