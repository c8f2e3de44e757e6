"""Episodes of Mystery Path that follow each other, and figures outside the picture."""

from typing import Any

import numpy as np
import pytest

from memorl.envs import MysteryPath

VARIANTS: dict[str, dict[str, bool]] = {
    "MysteryPath-v0": {},
    "MysteryPath-Grid-v0": {"grid": True},
    "Endless-MysteryPath-v0": {"endless": True},
}


def reported(infos: dict[str, Any], i: int) -> dict[str, Any]:
    """The info of env i, as the traces write it."""
    keys = [key for key in infos if not key.startswith("_") and infos[f"_{key}"][i]]
    return {key: np.asarray(infos[key][i], np.float64).tolist() for key in keys}


@pytest.mark.parametrize("name", VARIANTS)
def test_without_a_seed_the_streams_go_on_whoever_resets(name: str) -> None:
    """Autoreset gives the episodes that `reset(seed=None)` at each end gives."""
    by_itself, by_hand = (MysteryPath(**VARIANTS[name], max_steps=20) for _ in range(2))
    by_itself.reset(seed=11)
    by_hand.reset(seed=11)
    by_itself.action_space.seed(0)
    ended = False
    for _ in range(200):
        actions = by_itself.action_space.sample()
        observation, rewards, ends, _, infos = by_itself.step(actions)
        if not ended:
            expected, same_rewards, same_ends, _, same_infos = by_hand.step(actions)
        else:
            (expected, same_infos), same_rewards, same_ends = by_hand.reset(), [0.0], [False]
        assert np.array_equal(observation, expected)
        assert (rewards[0], ends[0]) == (same_rewards[0], same_ends[0])
        assert reported(infos, 0) == reported(same_infos, 0)
        ended = bool(ends[0])


def test_a_figure_outside_the_picture_is_not_told() -> None:
    options: dict[str, Any] = {"agent_speed": 12, "agent_scale": 0.1, "visual_feedback": False, "show_past_path": False}
    pixels, symbolic = (
        MysteryPath(num_envs=64, endless=True, observation=o, **options) for o in ("pixels", "symbolic")
    )
    seen, told = pixels.reset(seed=0)[0], symbolic.reset(seed=0)[0]
    hidden = 0
    for actions in np.random.default_rng(0).integers(0, 4, (60, 64)):
        shown = seen.any((1, 2, 3))
        assert np.array_equal(told[:, :8].sum(1), shown)
        assert not told[~shown].any()
        hidden += int((~shown).sum())
        seen, told = pixels.step(actions)[0], symbolic.step(actions)[0]
    assert hidden
