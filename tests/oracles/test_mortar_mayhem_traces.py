"""Mortar Mayhem equals Memory Gym's, to the byte."""

from typing import Any

import pytest

from memorl.envs import MortarMayhem
from tests.support.replay import Traces, golden_hash

VARIANTS: dict[str, dict[str, bool]] = {
    "MortarMayhem-v0": {},
    "MortarMayhem-Grid-v0": {"grid": True},
    "MortarMayhemB-v0": {"act_only": True},
    "MortarMayhemB-Grid-v0": {"grid": True, "act_only": True},
}
TRACES = Traces("mortar_mayhem")
CASES = TRACES.cases()


@pytest.mark.parametrize("episode", TRACES.episodes, ids=lambda episode: episode["key"])
def test_recorded_episode_alone(episode: dict[str, Any]) -> None:
    TRACES.replay(MortarMayhem(**VARIANTS[episode["env"]]), [episode])


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_as_a_batch(case: str) -> None:
    episodes = CASES[case]
    TRACES.replay(MortarMayhem(**VARIANTS[episodes[0]["env"]], num_envs=len(episodes)), episodes)


@pytest.mark.parametrize(
    ("name", "digest", "ended", "total"),
    [
        ("MortarMayhem-v0", "6afd9c71535298be8e65a6714be466440052a695", 6, 0.0),
        ("MortarMayhem-Grid-v0", "b2f9de519d8197826eb60218006b51e310121b51", 8, 0.0),
        ("MortarMayhemB-v0", "01e2660bf22e4a00d28770229d85d335287d38d8", 19, 0.2),
        ("MortarMayhemB-Grid-v0", "a4a4ed4033807380de176262fe83a332a22f0869", 45, 1.0),
    ],
)
def test_golden_hash_over_episodes(name: str, digest: str, ended: int, total: float) -> None:
    """400 random actions through Memory Gym itself, a new seed at each end, hashed there once and for all."""
    assert golden_hash(MortarMayhem(**VARIANTS[name])) == (digest, ended, total)
