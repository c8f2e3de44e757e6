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
