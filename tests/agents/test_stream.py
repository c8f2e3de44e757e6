"""Streams: flags, previous actions and rewards, episodes."""

import copy
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from memorl.agents import Stream
from memorl.agents.observations import InvalidStep
from memorl.envs import RepeatPrevious
from tests.support.agents import Counter, counters


def test_flags_speak_of_the_observation_beside_them() -> None:
    stream = Stream(counters())
    steps = [copy.deepcopy(stream.reset(0))]
    for _ in range(8):
        steps.append(copy.deepcopy(stream.step(torch.zeros(2, 1, dtype=torch.long))))
    obs = torch.stack([step.obs["observation"] for step in steps]).squeeze(-1).T.tolist()
    reward, first, last, terminal = (torch.stack(rows).T.tolist() for rows in list(zip(*steps, strict=True))[1:])
    assert obs == [[0, 1, 2, 3, 0, 1, 2, 3, 0], [0, 1, 2, 0, 1, 2, 0, 1, 2]]
    assert reward == obs
    assert first == [[x == 0 for x in row] for row in obs]
    assert last == [[x == end for x in row] for row, end in zip(obs, (3, 2), strict=True)]
    assert terminal == [last[0], [False] * 9]
    episodes = stream.episodes.pop()
    ended = [(e["return"], e["length"], e["success"]) for e in episodes]
    assert ended == [(3, 2, 2), (6, 3, 3), (3, 2, 2), (6, 3, 3), (3, 2, 2)]
    assert all(set(e) == {"return", "length", "success", "reward"} for e in episodes)
    assert stream.episodes.pop() == []


def test_last_action_and_reward_are_shown_and_forgotten() -> None:
    stream = Stream(counters(spaces.MultiDiscrete([2, 3])), last_action=True, last_reward=True)
    step = stream.reset(0)
    assert set(step.obs) == set(stream.observation_space) == {"observation", "last_action", "last_reward"}
    for _ in range(8):
        step = stream.step(torch.tensor([[1, 2], [0, 1]]))
        shown = torch.tensor([[0.0, 1, 0, 0, 1], [1, 0, 0, 1, 0]]).masked_fill(step.first[:, None], 0)
        assert torch.equal(step.obs["last_action"], shown)
        assert torch.equal(step.obs["last_reward"][:, 0], step.reward)


def test_another_autoreset_mode_is_refused() -> None:
    env = SyncVectorEnv([lambda: Counter(3, False, spaces.Discrete(2))], autoreset_mode=AutoresetMode.SAME_STEP)
    with pytest.raises(ValueError, match=r"autoreset_mode is AutoresetMode\.SAME_STEP"):
        Stream(env)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["observation", "reward"])
def test_what_is_not_finite_is_named_at_the_door(name: str, value: float) -> None:
    env = counters()
    stream = Stream(env)
    stream.reset(0)
    stream.step(torch.zeros(2, 1, dtype=torch.int64))
    broken = env.envs[1].unwrapped
    step = broken.step
    ours = {"observation": np.full(1, value, np.float32), "reward": value}

    def broken_step(action: Any) -> Any:
        obs, reward, *rest = step(action)
        return (ours[name], reward, *rest) if name == "observation" else (obs, ours[name], *rest)

    broken.step = broken_step  # type: ignore[method-assign]
    with pytest.raises(InvalidStep, match=f"^{name} of env 1 is {value} at step 2 of its episode; it must be finite"):
        stream.step(torch.zeros(2, 1, dtype=torch.int64))


def test_an_entry_of_the_environment_named_as_ours_is_refused() -> None:
    env = counters()
    env.single_observation_space = spaces.Dict({"last_action": spaces.Discrete(3)})
    with pytest.raises(ValueError, match="has an entry 'last_action' of its own; last_action must be false"):
        Stream(env, last_action=True)
    assert list(Stream(env).observation_space) == ["last_action"]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_is_shown_what_a_cpu_is() -> None:
    streams = [Stream(RepeatPrevious(num_envs=7, k=1, length=5), device, True, True) for device in ("cpu", "cuda")]
    for stream in streams:
        stream.reset(3)
    for _ in range(20):
        action = torch.randint(4, (7, 1))
        here, there = (stream.step(action.to(stream.device)) for stream in streams)
        for a, b in zip(here[1:], there[1:], strict=True):
            assert torch.equal(a, b.cpu())
        assert all(torch.equal(here.obs[key], there.obs[key].cpu()) for key in here.obs)


class Showing(gymnasium.Env[Any, Any]):
    """Shows and pays what it is told at its second step."""

    action_space = spaces.Discrete(2)

    def __init__(self, space: spaces.Space, value: Any, reward: float = 0.0) -> None:
        self.observation_space = space
        self.value = value
        self.reward = reward
        self.first = space.sample()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        return self.first, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return self.value, self.reward, False, False, {}


@pytest.mark.parametrize(
    ("space", "value", "reward", "message"),
    [
        (
            spaces.Discrete(5),
            7,
            0.0,
            r"observation of env 0 is 7 at step 1 of its episode; it must be in Discrete\(5\)",
        ),
        (spaces.Discrete(5, start=2), 1, 0.0, r"observation of env 0 is 1 at .* Discrete\(5, start=2\)"),
        (
            spaces.MultiDiscrete([2, 3]),
            np.array([1, 3]),
            0.0,
            r"observation of env 0 is 3 at .* MultiDiscrete\(\[2 3\]\)",
        ),
        (spaces.Dict(n=spaces.Discrete(2)), {"n": -1}, 0.0, r"n of env 0 is -1 at step 1 of .* in Discrete\(2\)"),
        (
            spaces.Box(-1, 1, (2,), np.float64),
            np.array([0, -1e300]),
            0.0,
            r"observation of env 0 is -1e\+300 at .* float32",
        ),
        (
            spaces.Box(-1, 1, ()),
            np.float32(0),
            1e39,
            r"reward of env 0 is 1e\+39 at step 1 of .* float32, at most 3.4e\+38",
        ),
    ],
    ids=str,
)
def test_what_no_model_can_read_is_named_at_the_door(
    space: spaces.Space, value: Any, reward: float, message: str
) -> None:
    stream = Stream(SyncVectorEnv([lambda: Showing(space, value, reward)]))
    stream.reset(0)
    with pytest.raises(InvalidStep, match=message):
        stream.step(torch.zeros(1, 1, dtype=torch.int64))


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.uint64])
def test_whole_numbers_without_sign_survive_a_checkpoint(dtype: Any, tmp_path: Path) -> None:
    space = spaces.Box(0, 1000, (3,), dtype)
    stream = Stream(SyncVectorEnv([lambda: Showing(space, np.array([1, 2, 1000], dtype))]))
    stream.reset(0)
    obs = stream.step(torch.zeros(1, 1, dtype=torch.int64)).obs
    assert obs["observation"].tolist() == [[1, 2, 1000]]
    torch.save(obs, tmp_path / "obs.pt")
    loaded = torch.load(tmp_path / "obs.pt", weights_only=True)
    assert torch.equal(loaded["observation"], obs["observation"])
    assert obs["observation"].dtype in (torch.int32, torch.int64, torch.float32)
