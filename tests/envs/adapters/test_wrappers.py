"""Wrappers by name, environments by ids and classes, and the errors of what is not there."""

import warnings
from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
import pytest

from memorl.envs import FromGymnasium, find_config, make
from memorl.envs.adapters.wrappers import find_wrappers


class Doubled(gymnasium.RewardWrapper[Any, Any]):
    """Pays every reward twice."""

    def __init__(self, env: gymnasium.Env[Any, Any], times: float = 2) -> None:
        super().__init__(env)
        self.times = times

    def reward(self, reward: Any) -> float:
        return float(reward) * self.times


class Plain(gymnasium.Env[Any, Any]):
    """Registered nowhere."""

    observation_space = gymnasium.spaces.Box(-1, 1, (2,))
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return self.np_random.uniform(-1, 1, 2).astype(np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return np.zeros(2, np.float32), 1.0, False, False, {}


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_wrappers_have_names_and_arguments(mode: Any) -> None:
    limit = {"_target_": "TimeLimit", "max_episode_steps": 2}
    wrappers = [limit, f"{__name__}.Doubled", {"_target_": f"{__name__}.Doubled", "times": 3}, Doubled]
    envs = FromGymnasium("CartPole-v1", num_envs=2, vectorization_mode=mode, wrappers=wrappers)
    envs.reset(seed=0)
    rewards = [envs.step(np.zeros(2, np.int64))[1:4] for _ in range(2)]
    assert rewards[0][0].tolist() == [12, 12]
    assert rewards[1][2].all()
    envs.close()


@pytest.mark.parametrize(
    ("wrappers", "message"),
    [
        (["gymnasium.wrappers.TimeLimt"], "'TimeLimt'; the nearest known are TimeLimit"),
        (["gymnasium.wrappers.TimeLimit"], r"env\.wrappers\[0\] is gymnasium.wrappers.TimeLimit: missing a required"),
        (
            [Doubled, {"_target_": "gymnasium.wrappers.TimeLimit", "max_episode_step": 3}],
            r"an argument of env\.wrappers\[1\] is 'max_episode_step'; known are max_episode_steps",
        ),
        (["gymnasium.wrappers.vector.NormalizeReward"], r"it must be a gymnasium\.Wrapper, or a function"),
        (["gymnasum.wrappers.TimeLimit"], "there is no module 'gymnasum'; the nearest is 'gymnasium'"),
        (["TimeLimit"], r"env\.wrappers\[0\] is gymnasium.wrappers.TimeLimit: missing a required"),
        (["TimeLimt"], "is 'TimeLimt'; it must be the path of a class"),
        ([{"times": 3}], r"env\.wrappers\[0\] is None; it must be"),
    ],
    ids=str,
)
def test_what_is_no_wrapper_is_named_in_one_line(wrappers: Sequence[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        find_wrappers(wrappers)
    assert "\n" not in str(error.value)


LIMIT = {"_target_": "gymnasium.wrappers.TimeLimit", "max_episode_steps": 1}


@pytest.mark.parametrize("wrapper", [LIMIT, f"{__name__}.Doubled", Doubled], ids=["dict", "text", "class"])
def test_one_wrapper_needs_no_list(wrapper: Any) -> None:
    envs = FromGymnasium("CartPole-v1", num_envs=2, wrappers=wrapper)
    envs.reset(seed=0)
    _, rewards, _, truncated, _ = envs.step(np.zeros(2, np.int64))
    assert rewards[0] == 2 or truncated.all()


def lose(env: gymnasium.Env[Any, Any]) -> None:
    """Forgets to return it."""


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # RecordVideo of Gymnasium 1.1, when deleted
@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(
    ("wrapper", "message"),
    [
        (
            LIMIT | {"max_episode_steps": 0},
            r"gymnasium\.wrappers\.TimeLimit: (AssertionError: )?Expect the .* actually: 0",
        ),
        (
            {"_target_": "gymnasium.wrappers.RecordVideo", "video_folder": "nowhere"},
            r"gymnasium\.wrappers\.RecordVideo: .*\(env\.render_mode is null\)",
        ),
        (
            {"_target_": "gymnasium.wrappers.RescaleAction", "min_action": -1, "max_action": 1},
            r"gymnasium\.wrappers\.RescaleAction: (RescaleAction requires a Box|AssertionError$)",  # 1.1 says no more
        ),
        (f"{__name__}.lose", "it must return an environment, not NoneType"),
    ],
)
def test_an_error_of_a_wrapper_has_its_name(wrapper: Any, message: str, mode: Any) -> None:
    with pytest.raises(ValueError, match=rf"env\.wrappers\[1\] is .*{message}"):
        FromGymnasium("CartPole-v1", vectorization_mode=mode, wrappers=[Doubled, wrapper])


@pytest.mark.parametrize("name", [name for name in gymnasium.registry if name.startswith("memorl/")])
def test_our_ids_are_our_batches(name: str) -> None:
    config = find_config(name)
    assert config["_target_"].startswith("memorl.envs.")
    assert type(make(name, 2)).__name__ == config["_target_"].rpartition(".")[2]


def test_a_class_needs_no_id() -> None:
    envs = make(f"{__name__}:Plain", 3)
    observation, _ = envs.reset(seed=1)
    assert len({tuple(row) for row in observation}) == 3


def test_ids_of_packages_that_are_known_are_found_without_an_import() -> None:
    with warnings.catch_warnings(record=True) as caught:  # MiniGrid's own imports may warn, too
        warnings.simplefilter("always")
        envs = make("MiniGrid-Empty-5x5-v0", 2)
    assert any("texts, which are left out: mission" in str(warning.message) for warning in caught)
    assert set(envs.single_observation_space) == {"image", "direction"}


def test_a_batch_that_takes_one_seed_gets_one_that_all_seeds_make() -> None:
    envs = FromGymnasium("CartPole-v1", num_envs=3, vectorization_mode=None)
    starts = [envs.reset(seed=seeds)[0] for seeds in ([1, 2, 3], [1, 2, 3], [1, 2, 4])]
    np.testing.assert_array_equal(starts[0], starts[1])
    assert (starts[0] != starts[2]).all()
    assert len({tuple(row) for row in starts[0]}) == 3


def test_a_batch_of_its_own_takes_no_wrappers() -> None:
    with pytest.raises(ValueError, match=r"env\.wrappers need env\.vectorization_mode=sync or async"):
        FromGymnasium("CartPole-v1", vectorization_mode=None, wrappers=[Doubled])
