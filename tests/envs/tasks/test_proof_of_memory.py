"""Proof of Memory equals a literal transcription, and returns what its page says."""

import numpy as np
import pytest

from memorl.envs import ProofOfMemory

N = 200


def transcribe(
    position: float, goals: tuple[float, float], actions: list[int]
) -> list[tuple[list[float], float, bool]]:
    """Return the observation, reward and end of each step as CleanRL's ProofofMemory-v0 gives them."""
    rows = []
    for count, action in enumerate(actions):
        if count < 2:
            rows.append(([goals[0], position, goals[1]], 0.0, False))
            continue
        position = round(position + (0.2 if action == 1 else -0.2), 2)
        done = position in (-1.0, 1.0)
        if done:
            goal = goals[0] if position == -1.0 else goals[1]
            reward = (1.0 + 6 * 0.1) if goal == 1.0 else -(1.0 + 6 * 0.1)
        else:
            reward = -0.1
        rows.append(([0.0, position, 0.0], reward, done))
        if done:
            break
    return rows


def test_equals_a_literal_transcription() -> None:
    envs = ProofOfMemory(num_envs=N)
    first, _ = envs.reset(seed=0)
    envs.action_space.seed(1)
    tape = np.array([envs.action_space.sample() for _ in range(16)])
    tape[:, ::3] = np.arange(N)[::3] % 2
    expected = [transcribe(round(float(o[1]), 2), (o[0], o[2]), tape[:, i].tolist()) for i, o in enumerate(first)]
    kinds = set()
    for t, actions in enumerate(tape):
        observation, rewards, terminated, truncated, _ = envs.step(actions)
        for i, rows in enumerate(expected):
            if t < len(rows):
                assert np.array_equal(observation[i], np.array(rows[t][0], np.float32))
                assert (rewards[i], terminated[i], truncated[i]) == (*rows[t][1:], t == 15)
                kinds.add((bool(terminated[i]), bool(truncated[i])))
    assert {(True, False), (False, True), (False, False)} <= kinds
    assert {round(float(x), 1) for x in first[:, 1]} == {-0.4, -0.2, 0.0, 0.2, 0.4}


def side_of(position: np.ndarray) -> np.ndarray:
    return np.where(position > 0.1, 1, -1)


@pytest.mark.parametrize("remembers", [True, False])
def test_what_memory_and_its_absence_return(remembers: bool) -> None:
    """Over each start and each good end once. Without memory it goes to the end on its side, but for a first step that
    changes the side."""
    envs = ProofOfMemory(num_envs=N)
    observation, _ = envs.reset(seed=0)
    starts = [(round(float(o[1]), 1), int(o[2])) for o in observation]
    goal = observation[:, 2].copy()
    playing = np.ones(N, np.bool_)
    returns = np.zeros(N)
    while playing.any():
        position, shown = observation[:, 1], observation[:, 2]
        is_enough = (shown != 0) & (side_of(position + 0.2 * shown) == shown)
        wanted = goal if remembers else np.where(is_enough, shown, side_of(position))
        observation, rewards, terminated, truncated, _ = envs.step((wanted > 0).astype(np.int64))
        returns += rewards * playing
        playing &= ~(terminated | truncated)
    each = {start: value for start, value in zip(starts, returns, strict=True)}
    assert len(each) == 5 * 2
    expected = envs.perfect_return if remembers else envs.memoryless_return
    assert np.mean(list(each.values())) == pytest.approx(expected)
