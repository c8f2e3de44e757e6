"""What the tasks of POPGym have in common: difficulties, both kinds of end, and the options that are wrappers there."""

from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import Dict, Discrete

from memorl import envs
from memorl.envs import POPGymAutoencode, POPGymBattleship, POPGymNoisyPositionOnlyPendulum, POPGymVelocityOnlyCartPole

TASKS = [getattr(envs, name) for name in envs.__all__ if name.startswith("POPGym") and name != "POPGym"]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ({"difficulty": "Easy"}, r"difficulty is 'Easy'; it must be one of \['easy', 'medium', 'hard'\]"),
        ({"difficulty": ["easy"]}, r"difficulty is \['easy'\]; it must be one of \['easy', 'medium', 'hard'\]"),
        ({"previous_action": 1}, "previous_action is 1; it must be True or False"),
        ({"antialias": "no"}, "antialias is 'no'; it must be True or False"),
    ],
)
def test_bad_arguments_get_one_line(task: Any, argument: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}$"):
        task(**argument)


@pytest.mark.parametrize(
    "task", [POPGymAutoencode, POPGymBattleship, POPGymNoisyPositionOnlyPendulum, POPGymVelocityOnlyCartPole]
)
def test_the_previous_action_and_the_first_step_are_shown(task: Any) -> None:
    """They show what POPGym's wrappers PreviousAction and Antialias show: 0 and 1 at every start."""
    plain, shown = task(num_envs=4), task(num_envs=4, previous_action=True, antialias=True)
    space = shown.single_observation_space
    assert isinstance(space, Dict)
    assert space["observation"] == plain.single_observation_space
    assert space["prev_action"] == plain.single_action_space
    assert space["is_t0"] == Discrete(2)
    plain.action_space.seed(0)
    observation, _ = shown.reset(seed=3)
    assert np.array_equal(observation["observation"], plain.reset(seed=3)[0])
    previous = np.zeros(plain.action_space.shape, plain.action_space.dtype)
    starts = np.ones(4, np.bool_)
    ended = np.zeros(4, np.bool_)
    begun = 0
    for _ in range(250):
        assert observation in shown.observation_space
        assert np.array_equal(observation["prev_action"], previous)
        assert np.array_equal(observation["is_t0"], starts)
        actions = plain.action_space.sample()
        observation, *outcome, _ = shown.step(actions)
        expected, *same, _ = plain.step(actions)
        assert np.array_equal(observation["observation"], expected)
        assert all(np.array_equal(a, b) for a, b in zip(outcome, same, strict=True))
        starts = ended
        ended = outcome[1] | outcome[2]
        previous = np.where(starts.reshape(-1, *[1] * (actions.ndim - 1)), 0, actions)
        begun += starts.sum()
    assert begun >= 4


@pytest.mark.parametrize(
    "task", [POPGymAutoencode, POPGymBattleship, POPGymNoisyPositionOnlyPendulum, POPGymVelocityOnlyCartPole]
)
def test_a_masked_reset_keeps_every_entry_of_the_others(task: Any) -> None:
    """The envs that are not reset show what they showed, their previous action too, and go on as if nothing was."""
    envs, undisturbed = (task(num_envs=6, previous_action=True, antialias=True) for _ in range(2))
    mask = np.array([True, False, False, True, False, False])
    envs.action_space.seed(0)
    envs.reset(seed=3)
    undisturbed.reset(seed=3)
    for _ in range(7):
        actions = envs.action_space.sample()
        before, *_ = envs.step(actions)
        undisturbed.step(actions)
    assert before["prev_action"][~mask].any()
    observation, _ = envs.reset(options={"reset_mask": mask})
    assert observation in envs.observation_space
    assert not observation["prev_action"][mask].any()
    assert np.array_equal(observation["is_t0"], mask)
    for name, entry in observation.items():
        assert np.array_equal(entry[~mask], before[name][~mask])
    for t in range(20):
        actions = envs.action_space.sample()
        observation, rewards, *ends, _ = envs.step(actions)
        expected, same_rewards, *same_ends, _ = undisturbed.step(actions)
        assert np.array_equal(rewards[~mask], same_rewards[~mask])
        for ours, theirs in zip((*ends, *observation.values()), (*same_ends, *expected.values()), strict=True):
            assert np.array_equal(ours[~mask], theirs[~mask])
        if t == 0:
            assert np.array_equal(observation["prev_action"][mask], actions[mask])
