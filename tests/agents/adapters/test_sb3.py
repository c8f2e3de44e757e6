"""Memories in sb3-contrib's RecurrentPPO, against the memories themselves and the library's own calls."""

from functools import partial
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from tests.support.memories import WRAPPED, make_memory, memory_file, names

contrib = pytest.importorskip("sb3_contrib")

from memorl.agents.adapters.sb3 import MemoryPolicy  # noqa: E402
from memorl.envs import RepeatPrevious  # noqa: E402
from memorl.envs.adapters.sb3 import SB3VecEnv  # noqa: E402
from memorl.memory import memory_names  # noqa: E402


def small(name: str) -> dict[str, Any]:
    return {"memory": partial(make_memory, name), "net_arch": [8]}


def build(env: Any, **options: Any) -> Any:
    return contrib.RecurrentPPO(
        MemoryPolicy, env, n_steps=24, batch_size=16, n_epochs=1, seed=0, device="cpu", **options
    )


def collected(model: Any) -> Any:
    """Return the buffer of a model after one rollout."""
    _, callback = model._setup_learn(1)
    model.collect_rollouts(model.env, callback, model.rollout_buffer, model.n_steps)
    return model.rollout_buffer


@pytest.mark.parametrize(
    ("name", "critic"),
    [*((name, "own") for name in [*names(), *WRAPPED]), ("gru", "shared"), ("gru", "without memory")],
)
def test_the_first_replay_gives_the_values_and_probabilities_of_the_rollout(name: str, critic: str) -> None:
    """Episodes of eight steps start inside of the sequences, some of which are padded."""
    env = SB3VecEnv(RepeatPrevious(num_envs=3, k=1, length=8))
    options = {"shared_lstm": critic == "shared", "enable_critic_lstm": critic == "own"}
    model = build(env, policy_kwargs=small(name) | options)
    batches = list(collected(model).get(model.batch_size))
    assert sum(int(batch.mask.sum()) for batch in batches) == 72
    for batch in batches:
        values, log_prob, _ = model.policy.evaluate_actions(
            batch.observations, batch.actions.long().flatten(), batch.lstm_states, batch.episode_starts
        )
        real = batch.mask > 0
        torch.testing.assert_close(values.flatten()[real], batch.old_values[real], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(log_prob[real], batch.old_log_prob[real], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["gru", "lru[rtrl]", "hippo", "trxl", "none", "from_cell"])
def test_it_learns_acts_and_is_saved_as_any_model(name: str, tmp_path: Path) -> None:
    model = build(SB3VecEnv(RepeatPrevious(num_envs=3, k=1, length=8)), policy_kwargs=small(name))
    before = {key: value.clone() for key, value in model.policy.state_dict().items()}
    model.learn(72)
    after = model.policy.state_dict()
    own = [key for key in after if key.startswith("lstm_actor") and after[key].is_floating_point()]
    assert name in ("none", "from_cell") or any(not torch.equal(before[key], after[key]) for key in own)
    model.save(tmp_path / "model")
    model.policy.save(tmp_path / "policy")
    loaded = [contrib.RecurrentPPO.load(tmp_path / "model"), MemoryPolicy.load(tmp_path / "policy")]
    env = RepeatPrevious(num_envs=5, k=1, length=8)
    obs, _ = env.reset(seed=0)
    states: list[Any] = [None, None, None]
    for t in range(12):
        start = np.full(5, t in (0, 9))
        actions = []
        for i, actor in enumerate([model, *loaded]):
            action, states[i] = actor.predict(obs, states[i], start, deterministic=True)
            actions.append(action)
        for other, state in zip(actions[1:], states[1:], strict=True):
            assert np.array_equal(other, actions[0])
            assert all(np.array_equal(a, b) for a, b in zip(state, states[0], strict=True))
        obs = env.step(actions[0])[0]


class Spaces(gymnasium.Env):
    """Random observations of a space, and any action."""

    def __init__(self, observation_space: spaces.Space, action_space: spaces.Space) -> None:
        self.observation_space = observation_space
        self.action_space = action_space

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        self.t = 0
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.t += 1
        return self.observation_space.sample(), 1.0, self.t == 5, False, {}


VECTOR = spaces.Box(-1, 1, (3,), np.float32)
IMAGE = spaces.Box(0, 255, (36, 36, 3), np.uint8)


@pytest.mark.parametrize(
    "observation", [VECTOR, IMAGE, spaces.Discrete(4), spaces.Dict({"image": IMAGE, "vector": VECTOR})], ids=str
)
@pytest.mark.parametrize(
    "action",
    [spaces.Discrete(3), spaces.MultiDiscrete([2, 3]), spaces.Box(-1, 1, (2,), np.float32)],
    ids=str,
)
def test_spaces(observation: spaces.Space, action: spaces.Space) -> None:
    env = Spaces(observation, action)
    model = build(env, policy_kwargs=small("gru"))
    model.learn(24)
    obs, _ = env.reset()
    chosen, state = model.predict(obs)
    assert action.contains(chosen if isinstance(action, spaces.Box) else action.dtype.type(chosen))
    assert len(state) == 2


@pytest.mark.parametrize("name", memory_names())
def test_a_memory_is_named_as_on_the_command_line(name: str) -> None:
    env = SB3VecEnv(RepeatPrevious(num_envs=2, k=1, length=8))
    policy = MemoryPolicy(env.observation_space, env.action_space, lambda _: 1e-3, memory=name)
    assert type(policy.lstm_actor.rnn.memory) is memory_file(name)[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"memory": "gur"}, "memory is 'gur'; it must be one of .*gru.*"),
        ({"lstm_hidden_size": 64}, "lstm_hidden_size is 64; a memory takes its sizes from memory_kwargs"),
        ({"memory_kwargs": {"hidden_size": 0}}, "hidden_size is 0; it must be positive"),
    ],
)
def test_bad_arguments_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build("CartPole-v1", policy_kwargs=options)
