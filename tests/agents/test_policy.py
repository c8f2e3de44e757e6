"""A policy does what its model does in a stream, for one environment or many."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv

from memorl.agents import ActorCritic, Encoder, Interface, Policy, Stream
from memorl.envs import FromGymnasium
from tests.support.agents import counters, make_model
from tests.support.memories import make_memory

N = 2


def make_policy(stream: Stream, **arguments: Any) -> Policy:
    torch.manual_seed(1)
    return Policy(make_model(stream), stream.interface, **arguments)


@torch.no_grad()
def play(stream: Stream, policy: Policy, steps: int) -> None:
    """Act by the stream's own observations, and compare what policy and model choose."""
    step = stream.reset(0)
    state = policy.model.memory.initial_state(N)
    reward: Any = None
    for _ in range(steps):
        row = {name: entry[None] for name, entry in step.obs.items()}
        distribution, _, state = policy.model.forward_policy(row, state, step.first[None])
        expected = distribution.mode()[0]
        action = policy.act(step.obs["observation"].numpy(), step.first.numpy(), reward=reward)
        np.testing.assert_array_equal(action, stream.actions.to_env(expected))
        step = stream.step(expected)
        reward = step.reward.numpy()


@pytest.mark.parametrize("last_action", [False, True])
@pytest.mark.parametrize("last_reward", [False, True])
@pytest.mark.parametrize("space", [spaces.Discrete(3), spaces.Box(-2, 1, (2,)), spaces.MultiDiscrete([2, 3])], ids=str)
def test_it_acts_as_the_model_does_in_a_stream(space: spaces.Space, last_action: bool, last_reward: bool) -> None:
    stream = Stream(counters(space), last_action=last_action, last_reward=last_reward)
    play(stream, make_policy(stream, greedy=True), 9)


def test_one_environment_is_a_row_of_many_and_nothing_is_kept_between_calls() -> None:
    stream = Stream(counters(), last_action=True)
    policy = make_policy(stream, greedy=True)
    both = np.array([[0.5], [7.0]], np.float32)
    actions, state = policy(both, None)
    again, after = policy(both * 2, state, np.array([False, True]))
    for n in range(N):
        action, own = policy(both[n])
        assert action == actions[n]
        assert np.shape(action) == ()
        action, own = policy(both[n] * 2, own, n == 1)
        assert action == again[n]
        for name, value in own.items():
            torch.testing.assert_close(value[0], after[name][n])
    assert {name: len(value) for name, value in state.items()} == dict.fromkeys(state, N)
    assert policy.state is None


def test_reset_begins_anew() -> None:
    policy = make_policy(Stream(counters()), greedy=False, seed=3)
    obs = np.zeros((N, 1), np.float32)
    state = policy(obs)[1]
    policy.act(obs)
    policy.act(obs)
    policy.reset()
    policy.act(obs)
    assert policy.state is not None
    for name, value in policy.state.items():
        torch.testing.assert_close(value, state[name])


def test_samples_follow_from_the_seed_and_leave_torch_alone() -> None:
    stream = Stream(counters(spaces.Discrete(1000)))
    obs = np.zeros((N, 1), np.float32)
    before = torch.get_rng_state()
    chosen = []
    policies = [make_policy(stream, seed=seed) for seed in (5, 5, 6)]
    torch.set_rng_state(before)
    for policy in policies:
        chosen.append([policy.act(obs).tolist() for _ in range(4)])
        torch.rand(3)
    assert chosen[0] == chosen[1]
    assert chosen[0] != chosen[2]
    torch.set_rng_state(before)
    policies[0].act(obs)
    assert torch.equal(torch.get_rng_state(), before)


class Masked(gymnasium.Env[Any, Any]):
    """Its mask is in the observation or in the infos; a nested entry and a text stand beside it."""

    action_space = spaces.Dict({"a": spaces.Discrete(5), "b": spaces.Box(0, 4, (2,))})
    observation_space = spaces.Dict(
        deck=spaces.Tuple([spaces.Discrete(4), spaces.Box(-1, 1, (2,))]),
        action_mask=spaces.MultiBinary(5),
        mission=spaces.Text(9),
    )

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        return self.look(), {}

    def look(self) -> dict[str, Any]:
        return {"deck": (1, np.zeros(2, np.float32)), "action_mask": np.eye(5, dtype=np.int8)[3], "mission": "go"}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return self.look(), 0.0, False, False, {}


gymnasium.register("PolicyMasked-v0", Masked)


def test_it_reads_what_the_environment_itself_shows_and_answers_in_its_space() -> None:
    with pytest.warns(UserWarning, match="texts, which are left out: mission"):
        stream = Stream(FromGymnasium("PolicyMasked-v0", num_envs=2))
    policy = make_policy(stream)
    env = Masked()
    for _ in range(5):
        action = policy.act(env.look())
        assert env.action_space.contains(action), action
        assert action["a"] == 3


def test_a_mask_of_the_infos_counts() -> None:
    stream = Stream(counters(spaces.Discrete(6)))
    policy = make_policy(stream)
    mask = np.eye(6, dtype=np.int8)[4]
    obs = np.zeros((N, 1), np.float32)
    assert policy.act(obs[0], infos={"action_mask": mask}) == 4
    policy.reset()
    infos = {"action_mask": np.array([mask, mask]), "_action_mask": np.array([True, True])}
    assert policy.act(obs, infos=infos).tolist() == [4, 4]


@pytest.mark.parametrize(
    ("obs", "more", "message"),
    [
        (np.zeros((2, 2)), {}, r"obs has an entry observation of shape \(2, 2\); it must be \(1,\), or \(N, 1\) of N"),
        ({"x": np.zeros(1)}, {}, r"obs has the entries x; it must have observation"),
        (np.zeros((0, 1)), {}, r"obs has an entry observation of shape \(0, 1\)"),
        (
            np.zeros((2, 1)),
            {"first": True},
            r"first has shape \(\); it must have one number for each of 2 environments",
        ),
        (np.zeros((2, 1)), {"reward": 1.0}, r"reward has shape \(\); it must have one number"),
        (np.zeros((3, 1)), {}, r"state is .*; it must be what the call before returned for 3 environments"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(obs: Any, more: dict[str, Any], message: str) -> None:
    policy = make_policy(Stream(counters()))
    policy.act(np.zeros((2, 1)))
    with pytest.raises(ValueError, match=message):
        policy.act(obs, **more)


def test_a_reward_that_the_model_reads_is_asked_for() -> None:
    policy = make_policy(Stream(counters(), last_reward=True))
    policy.act(np.zeros((2, 1)))
    with pytest.raises(ValueError, match="reward is missing; the model was trained with last_reward=true"):
        policy.act(np.zeros((2, 1)))


def test_an_interface_needs_no_environment() -> None:
    env = SyncVectorEnv([Masked])
    interface = Interface(spaces.Dict({"x": spaces.Box(-1, 1, (2,))}), env.single_action_space, last_action=True)
    assert interface.observation_space["last_action"].shape == (7,)


@pytest.mark.parametrize(
    ("space", "obs", "message"),
    [
        (spaces.Box(-1, 1, (2,)), np.array([0, np.nan]), "observation of env 0 is nan; it must be finite"),
        (spaces.Box(-1, 1, (2,)), np.array([[0, 0], [0, np.inf]]), "observation of env 1 is inf; it must be finite"),
        (spaces.Box(-1, 1, (2,)), [1e300, 0], r"observation of env 0 is 1e\+300; it must be finite in float32"),
        (spaces.Discrete(5), 7, r"observation of env 0 is 7; it must be in Discrete\(5\)"),
        (spaces.Discrete(5), np.array([0, -1]), r"observation of env 1 is -1; it must be in Discrete\(5\)"),
        (spaces.Discrete(5), 1.7, r"entry observation that holds 1\.7; it must be in Discrete\(5\)"),
        (spaces.Box(0, 255, (1,), np.uint8), [300], r"entry observation that holds 300; it must be in Box"),
        (spaces.Box(0, 255, (1,), np.uint8), [np.nan], r"entry observation that holds nan; it must be in Box"),
    ],
    ids=str,
)
def test_what_no_model_can_read_is_named_and_the_state_stays(space: spaces.Space, obs: Any, message: str) -> None:
    stream = Stream(counters())
    interface = Interface(space, stream.env.single_action_space)
    encoder = Encoder(interface.observation_space, 12, 8)
    policy = Policy(ActorCritic(encoder, make_memory("gru", 12), interface.actions, 0, 16), interface)
    policy.act(space.sample())
    before = policy.state
    with pytest.raises(ValueError, match=message):
        policy.act(obs)
    assert policy.state is before


@pytest.mark.parametrize("reward", [float("nan"), 1e39])
def test_a_reward_that_no_model_can_read_is_named(reward: float) -> None:
    policy = make_policy(Stream(counters(), last_reward=True))
    policy.act(np.zeros(1))
    with pytest.raises(ValueError, match=r"reward of env 0 is .*; it must be finite"):
        policy.act(np.zeros(1), reward=reward)


STATES: dict[str, Any] = {
    "text": ("memory", r"^state is 'memory'; it must be a dictionary of tensors"),
    "tuple": (lambda state: tuple(state.values()), "^state is a tuple; it must be a dictionary of tensors"),
    "arrays": (
        lambda state: {name: value.numpy() for name, value in state.items()},
        r"^state\['memory.h'\] is a ndarray; it must be a tensor",
    ),
    "None inside": (lambda state: dict.fromkeys(state), r"^state\['memory.h'\] is a NoneType; it must be a tensor"),
    "float64": (
        lambda state: {name: value.double() for name, value in state.items()},
        r"^state\['memory.h'\] is of torch.float64 on cpu; it must be of torch.float32 on cpu$",
    ),
    "device": (
        lambda state: {name: value.to("meta") for name, value in state.items()},
        r"^state\['memory.h'\] is of torch.float32 on meta; it must be of torch.float32 on cpu$",
    ),
    "other name": (
        lambda state: {f"{name}_": value for name, value in state.items()},
        "^state is .*; it must be what the call before returned",
    ),
}


@pytest.mark.parametrize("kind", STATES)
def test_a_state_that_no_call_returned_is_named(kind: str) -> None:
    policy = make_policy(Stream(counters()))
    obs = np.zeros((N, 1), np.float32)
    _, state = policy(obs)
    change, message = STATES[kind]
    with pytest.raises(ValueError, match=message):
        policy(obs, change(state) if callable(change) else change)
