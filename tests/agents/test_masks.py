"""Masks forbid actions, wherever they come from."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv

from memorl.agents import A2C, PPO, Actions, ActorCritic, Agent, Encoder, Stream, collect
from memorl.agents.experiment import run_episodes
from memorl.agents.heads import Categorical, PolicyHead
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
