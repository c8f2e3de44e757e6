"""Episodes, options and the edges of the rules of Mortar Mayhem."""

import zlib
from typing import Any

import numpy as np

from memorl.envs import MortarMayhem


def pictures(observation: Any) -> np.ndarray:
    return observation["visual_observation"] if isinstance(observation, dict) else observation


def digests(observation: Any) -> list[tuple[int, int]]:
    vectors = observation["vector_observation"] if isinstance(observation, dict) else None
    return [
        (zlib.crc32(picture), 0 if vectors is None else zlib.crc32(vectors[i]))
        for i, picture in enumerate(pictures(observation))
    ]


def test_without_a_seed_the_streams_go_on_whoever_resets() -> None:
    """Autoreset gives the episodes that `reset(seed=None)` at each end gives."""
    by_itself, by_hand = MortarMayhem(act_only=True), MortarMayhem(act_only=True)
    by_itself.reset(seed=11)
    by_hand.reset(seed=11)
    tape = np.random.default_rng(0).integers(0, 3, (200, 1, 2))
    ended = 0
    for actions in tape:
        observation, rewards, ends, _, _ = by_itself.step(actions)
        if not ended:
            expected, same_rewards, same_ends, _, _ = by_hand.step(actions)
        else:
            (expected, _), same_rewards, same_ends = by_hand.reset(), [0.0], [False]
        assert digests(observation) == digests(expected)
        assert (rewards[0], ends[0]) == (same_rewards[0], same_ends[0])
        ended = bool(ends[0])


def test_options_hold_for_one_episode() -> None:
    """An autoreset goes back to the constructor's arguments."""
    envs = MortarMayhem(num_envs=2, act_only=True, arena_size=4)
    small, _ = envs.reset(seed=3, options={"arena_size": 2, "command_count": [1], "explosion_delay": [1]})
    lengths = []
    for _ in range(8):
        after, _, ends, _, infos = envs.step(np.zeros((2, 2), np.int64))
        if ends.any():
            lengths.append(infos["length"].max())
    lit = [(pictures(observation) > 0).any(-1)[0].any(0).sum() for observation in (small, after)]
    assert lengths[0] <= 3
    assert lit == [2 * 14, 4 * 14]


def test_nothing_to_show_goes_straight_to_acting() -> None:
    """Memory Gym crashes on a showing phase of no steps."""
    env = MortarMayhem(command_show_duration=[0], command_show_delay=[0], explosion_delay=[2], command_count=[1])
    env.reset(seed=0)
    ends = [env.step(np.zeros((1, 2), np.int64))[2][0] for _ in range(3)]
    assert ends == [False, False, True]
