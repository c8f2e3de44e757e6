"""Masks forbid actions, wherever they come from."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv

from memorl.agents import A2C, PPO, Actions, ActorCritic, Agent, Encoder, Interface, Policy, Stream, collect
from memorl.agents.experiment import run_episodes
from memorl.agents.heads import Categorical, PolicyHead
from memorl.envs import FromGymnasium, NextStep
from tests.support import masked_envs
from tests.support.masked_envs import ACTIONS, ONLY_INFOS
from tests.support.memories import make_memory

SPACES = {"discrete": spaces.Discrete(5), "branches": spaces.MultiDiscrete([3, 4])}


class Masked(gymnasium.Env[Any, Any]):
    """Allows one choice of each branch, and none at the end; asserts that it is taken."""

    def __init__(self, space: spaces.Discrete | spaces.MultiDiscrete, where: str) -> None:
        self.action_space = space
        self.where = where
        self.nvec = np.atleast_1d(space.nvec if isinstance(space, spaces.MultiDiscrete) else space.n)
        entries = {"vector": spaces.Box(-1, 1, (2,))}
        if where == "observation":
            entries["action_mask"] = spaces.Box(0, 1, (int(self.nvec.sum()),), np.int8)
        self.observation_space = spaces.Dict(entries)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.t = 0
        return self._observe()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert np.array_equal(np.atleast_1d(action), self.legal)
        self.t += 1
        obs, info = self._observe()
        return obs, 1.0, self.t == 6, False, info

    def _observe(self) -> tuple[Any, dict[str, Any]]:
        self.legal = self.np_random.integers(self.nvec)
        masks = [(np.arange(n) == legal).astype(np.int8) for n, legal in zip(self.nvec, self.legal, strict=True)]
        if self.t == 6:
            masks = [np.zeros_like(mask) for mask in masks]
        obs: dict[str, Any] = {"vector": np.zeros(2, np.float32)}
        if self.where == "tuple":
            return obs, {"action_mask": tuple(masks)}
        mask = np.concatenate(masks)
        return (obs, {"action_mask": mask}) if self.where == "info" else ({**obs, "action_mask": mask}, {})


def make_stream(space: str, where: str) -> Stream:
    return Stream(SyncVectorEnv([lambda: Masked(SPACES[space], where) for _ in range(3)]))


def make_model(stream: Stream, memory: str) -> ActorCritic:
    return ActorCritic(Encoder(stream.observation_space, 12, 8), make_memory(memory, 12), stream.actions, 0, 16)


@pytest.mark.parametrize("agent_class", [PPO, A2C])
@pytest.mark.parametrize("memory", ["gru", "trxl", "lru", "none"])
@pytest.mark.parametrize("where", ["observation", "info", "tuple"])
@pytest.mark.parametrize("space", SPACES)
def test_no_forbidden_action_is_taken_or_learned(space: str, where: str, memory: str, agent_class: type[Agent]) -> None:
    stream = make_stream(space, where)
    stream.reset(0)
    assert list(stream.observation_space) == ["vector"]
    model = make_model(stream, memory)
    agent = agent_class(model, minibatches=1)  # type: ignore[call-arg]
    rollout = collect(stream, model, model.memory.initial_state(3), 16)
    losses = agent.update(rollout)
    assert losses["losses/entropy"] == 0
    assert losses["losses/approx_kl"] == 0
    assert torch.equal(rollout.log_prob[~rollout.last[:-1]], torch.zeros_like(rollout.log_prob[~rollout.last[:-1]]))
    run_episodes(model, stream, [0, 1, 2], greedy=True)


def test_masked_logits_are_those_of_the_legal_choices_alone() -> None:
    logits = torch.randn(5, 4, 7, requires_grad=True)
    mask = torch.rand(5, 4, 7) < 0.5
    mask[..., 0] = True
    mask[..., 6] = True
    ours = Categorical(logits, (3, 4), mask)
    theirs = [
        torch.distributions.Categorical(logits=part.masked_fill(~legal, -torch.inf))
        for part, legal in zip(logits.split((3, 4), -1), mask.split((3, 4), -1), strict=True)
    ]
    action = ours.sample()
    assert mask.gather(-1, action + torch.tensor([0, 3])).all()
    torch.testing.assert_close(ours.log_prob(action)[..., 1], theirs[1].log_prob(action[..., 1]))
    plogp = [torch.where(d.probs > 0, d.probs * d.logits, 0).sum(-1) for d in theirs]
    torch.testing.assert_close(ours.entropy(), -plogp[0] - plogp[1])
    (ours.entropy().sum() + ours.log_prob(action).sum()).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert (logits.grad[~mask] == 0).all()


def test_a_head_without_a_mask_is_one_where_all_is_legal() -> None:
    head = PolicyHead(8, Actions(spaces.MultiDiscrete([3, 4])))
    x = torch.randn(2, 3, 8)
    assert torch.equal(head(x).entropy(), head(x, torch.ones(2, 3, 7, dtype=torch.bool)).entropy())


def test_a_mask_of_another_size_is_named() -> None:
    env = SyncVectorEnv([lambda: Masked(spaces.Discrete(5), "observation")])
    env.single_action_space = spaces.Discrete(4)
    with pytest.raises(ValueError, match=r"'action_mask'\] has 5 numbers; it must have 4, one for each choice"):
        Stream(env)


def test_a_mask_that_forbids_everything_is_named() -> None:
    stream = make_stream("branches", "info")
    infos = {"action_mask": np.array([[1, 1, 1, 0, 0, 0, 0]] * 2), "_action_mask": np.array([False, True])}
    with pytest.raises(ValueError, match="action_mask of env 1 forbids every choice of branch 1"):
        stream.masks.read({}, infos, np.zeros(2, bool))
    masks = stream.masks.read({}, infos, np.ones(2, bool))
    assert masks is not None
    assert masks[0].all()


PLACES = {"observations": ONLY_INFOS, "infos": ()}
CASES = [(form, where) for where, excluded in PLACES.items() for form in ACTIONS if form not in excluded]


@pytest.mark.parametrize("agent_class", [PPO, A2C])
@pytest.mark.parametrize(("form", "where"), CASES)
def test_a_mask_counts_in_every_form(form: str, where: str, agent_class: type[Agent]) -> None:
    masked_envs.Masked.illegal = 0
    masked_envs.Masked.steps = 0
    arguments: dict[str, Any] = {"form": form, "where": where, "at_reset": where == "observations"}
    stream = Stream(FromGymnasium("tests.support.masked_envs:Masked", num_envs=3, **arguments))
    stream.reset(0)
    assert not any("mask" in name for name in stream.observation_space)
    model = make_model(stream, "gru")
    agent = agent_class(model, minibatches=1)  # type: ignore[call-arg]
    state = model.memory.initial_state(3)
    for _ in range(2):
        rollout = collect(stream, model, state, 10)
        state = rollout.state
        assert rollout.obs["action_mask"].shape == (11, 3, sum(stream.actions.choices))
        agent.update(rollout)
    run_episodes(model, stream, [0, 1, 2], greedy=True)
    assert masked_envs.Masked.steps > 40
    assert masked_envs.Masked.illegal == 0


@pytest.mark.parametrize("form", [form for form, where in CASES if where == "observations"])
def test_a_policy_takes_the_mask_as_one_environment_shows_it(form: str) -> None:
    env = masked_envs.Masked(form, "observations")
    stream = Stream(FromGymnasium("tests.support.masked_envs:Masked", form=form, where="observations"))
    policy = Policy(make_model(stream, "gru"), stream.interface)
    obs, _ = env.reset()
    masked_envs.Masked.illegal = 0
    for _ in range(6):
        obs, *_ = env.step(policy.act(obs))
    assert masked_envs.Masked.illegal == 0


@pytest.mark.parametrize("form", [form for form, where in CASES if where == "infos"])
def test_a_policy_takes_the_mask_of_the_infos(form: str) -> None:
    env = masked_envs.Masked(form, "infos")
    batch = FromGymnasium("tests.support.masked_envs:Masked", num_envs=2, form=form)
    policy = Policy(make_model(Stream(batch), "gru"), Stream(batch).interface)
    masked_envs.Masked.illegal = 0
    obs, info = env.reset()
    for _ in range(6):
        obs, *_, info = env.step(policy.act(obs, infos=info))
    policy.reset()
    obs, infos = batch.reset(seed=0)
    for _ in range(6):
        obs, *_, infos = batch.step(policy.act(obs, infos=infos))
    assert masked_envs.Masked.illegal == 0


def test_masks_of_a_batch_without_flags_are_all_taken() -> None:
    masks = make_stream("discrete", "info").masks.read({}, {"action_mask": np.eye(5)[:3]}, np.zeros(3, bool))
    assert np.array_equal(masks, np.eye(5, dtype=bool)[:3])


WRONG = {
    "nan": (np.array([1, np.nan, 0, 0, 0, 0, 0]), r"is \[ 1. nan.*\]; each number of it must be finite"),
    "logits": (np.array([-np.inf] * 7), "each number of it must be finite"),
    "objects": (np.array([1, "a", 0], object), "each number of it must be finite"),
    "text": ("abcdefg", "is abcdefg; each number of it must be finite"),
    "size": (np.ones(6), "has 6 numbers; it must have 7, one for each choice"),
    "branch": ((np.ones(4), np.ones(3)), r"\[0\] has 4 numbers; it must have 3, one for each choice"),
    "parts": (
        (np.ones(3), np.ones(2), np.ones(2)),
        "has 3 parts; it must have 2, one for each branch, or 7, one number for each choice",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_mask_is_named(name: str) -> None:
    value, words = WRONG[name]
    masks = np.full(3, None, object)
    masks[1] = value
    with pytest.raises(ValueError, match=rf"infos\['action_mask'\].*{words} \(env 1\)"):
        make_stream("branches", "info").masks.read({}, {"action_mask": masks}, np.zeros(3, bool))


def test_a_name_that_no_action_has_is_named() -> None:
    interface = Interface(spaces.Box(-1, 1, (2,)), ACTIONS["agents"])
    infos = {"action_mask": [{"x": np.ones(2), "z": np.ones(3)}]}
    with pytest.raises(ValueError, match=r"infos\['action_mask'\] has a part 'z'; known are x, y"):
        interface.masks.read({}, infos, np.zeros(1, bool))


def test_a_mask_of_an_observation_that_is_not_finite_is_named() -> None:
    interface = Interface(
        spaces.Dict(v=spaces.Box(-1, 1, (2,)), action_mask=spaces.Box(0, 1, (3,))), spaces.Discrete(3)
    )
    with pytest.raises(ValueError, match="action_mask of env 0 has numbers that are not finite"):
        interface.masks.read({"action_mask": np.array([[1, np.nan, 0]])}, {}, np.zeros(1, bool))


def test_a_mask_alone_is_no_observation() -> None:
    space = spaces.Dict(action_mask=spaces.MultiBinary(3))
    with pytest.raises(
        ValueError, match=r"^observation_space has nothing but the mask 'action_mask'; it must have an entry"
    ):
        Interface(space, spaces.Discrete(3))
    assert list(Interface(space, spaces.Discrete(3), last_reward=True).observation_space) == ["last_reward"]


def test_without_choices_action_mask_is_an_ordinary_observation() -> None:
    space = spaces.Dict(action_mask=spaces.Box(0, 1, (4,)))
    interface = Interface(space, spaces.Box(-1, 1, (4,)))
    model = ActorCritic(Encoder(interface.observation_space, 12, 8), make_memory("gru", 12), interface.actions, 0, 16)
    policy = Policy(model, interface, greedy=True)
    actions = [policy({"action_mask": np.full(4, x, np.float32)})[0] for x in (0, 1)]
    assert actions[0].shape == (4,)
    assert not np.array_equal(*actions)


def test_a_step_is_loaded_with_the_mask_that_it_had_and_without_one() -> None:
    saved: list[dict[str, Any]] = []
    for has_mask in (False, True):
        stream = make_stream("discrete", "info")
        stream.reset(0)
        if not has_mask:
            stream.current_step.obs.pop("action_mask")
        saved.append({**stream.state_dict(), "env": {}})
    for state in saved:
        for at_reset in (True, False):
            stream = make_stream("discrete", "info")
            stream.env.load_state_dict = lambda state: None  # type: ignore[attr-defined]
            stream.reset(0)
            if not at_reset:
                stream.current_step.obs.pop("action_mask")
            stream.load_state_dict(state)
            assert stream.current_step.obs.keys() == state["current_step"]["obs"].keys()
    saved[1]["current_step"]["obs"]["action_mask"] = torch.ones(3, 4, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"the shape of current_step.obs.action_mask is \(3, 4\); it must be \(3, 5\)"):
        stream.load_state_dict(saved[1])


def test_rows_before_the_first_mask_allow_everything() -> None:
    stream = Stream(FromGymnasium("tests.support.masked_envs:Masked", num_envs=3, form="branches", at_reset=False))
    stream.reset(0)
    model = make_model(stream, "gru")
    rollout = collect(stream, model, model.memory.initial_state(3), 10)
    masks = rollout.obs["action_mask"]
    first = rollout.first[..., None].expand_as(masks)
    assert masks[first].all()
    assert (masks.sum(-1)[~rollout.first] == 2).all()
    output, _ = model({name: x[:-1] for name, x in rollout.obs.items()}, rollout.states[0], rollout.first[:-1])
    valid = ~rollout.last[:-1]
    torch.testing.assert_close(output.policy.log_prob(rollout.action)[valid], rollout.log_prob[valid])


def test_each_environment_has_a_mask_of_its_own_kind() -> None:
    values: list[Any] = [
        np.eye(5, dtype=np.int8)[0],
        np.eye(5)[1] / 2,
        np.eye(5, dtype=bool)[2],
        [0, 0, 0, 0.1, 0],
        None,
    ]
    batch = np.full(len(values), None, object)
    for n, value in enumerate(values):
        batch[n] = value
    masks = make_stream("discrete", "info").masks.read({}, {"action_mask": batch}, np.zeros(len(values), bool))
    assert np.array_equal(masks, [*np.eye(5, dtype=bool)[:4], np.ones(5, bool)])


FORMS = {
    "objects": np.array([0, True, 0], object),
    "objects of bool": np.array([False, True, False], object),
    "objects of floats": np.array([0.0, np.float32(1), 0], object),
    "tuple of arrays": (np.array(0), np.array([1]), np.array(0)),
    "list": [0, 1, 0],
    "dictionary": {"0": 0, "1": 1, "2": 0},
}


@pytest.mark.parametrize("inside", [(), ("game",), ("a", "b")], ids=str)
@pytest.mark.parametrize("form", FORMS)
def test_numbers_in_pieces_are_a_mask_wherever_they_are(form: str, inside: tuple[str, ...]) -> None:
    class Told(gymnasium.Env[Any, Any]):
        observation_space = spaces.Box(-1, 1, (2,))
        action_space = spaces.Discrete(3)

        def reset(self, *, seed: Any = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
            infos: Any = {"action_mask": FORMS[form], "final_info": {"action_mask": np.zeros(3)}}
            for name in reversed(inside):
                infos = {name: infos, "turn": 3}
            return np.zeros(2, np.float32), infos

    batch = NextStep(SyncVectorEnv([Told, Told]))
    stream = Stream(batch)
    step = stream.reset(0)
    assert step.obs["action_mask"].tolist() == [[False, True, False]] * 2
    policy = Policy(make_model(stream, "gru"), stream.interface)
    assert policy.act(np.zeros(2), infos=Told().reset()[1]) == 1


def test_discrete_entries_of_the_observations_are_a_mask() -> None:
    mask = {f"action_mask.{i}": spaces.Discrete(2) for i in range(4)}
    interface = Interface(spaces.Dict({"v": spaces.Box(-1, 1, (2,)), **mask}), spaces.Discrete(4))
    obs = {name: np.array([i == 2]) for i, name in enumerate(mask)}
    assert np.array_equal(interface.masks.read(obs, {}, np.zeros(1, bool)), [[False, False, True, False]])


def test_a_mask_at_the_top_counts_before_one_inside() -> None:
    masks = Interface(spaces.Box(-1, 1, (2,)), spaces.Discrete(2)).masks
    one, other, yes = np.array([[1, 0]] * 2), np.array([[0, 1]] * 2), np.array([True, True])
    infos = {
        "game": {"action_mask": other, "_action_mask": yes},
        "_game": yes,
        "action_mask": one,
        "_action_mask": ~yes,
    }
    assert np.array_equal(masks.read({}, infos, ~yes), other != 0)
    assert np.array_equal(masks.read({}, infos | {"_action_mask": yes}, ~yes), one != 0)
    some = infos | {"_action_mask": ~yes, "_game": np.array([True, False])}
    assert np.array_equal(masks.read({}, some, ~yes), [[False, True], [True, True]])


def test_infos_that_contain_themselves_are_no_mask() -> None:
    masks = Interface(spaces.Box(-1, 1, (2,)), spaces.Discrete(2)).masks
    infos: dict[str, Any] = {}
    infos["self"] = infos
    assert masks.read({}, infos, np.zeros(1, bool)) is None
