"""PPO: its loss, and that it learns."""

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from memorl.agents import PPO, ActorCritic, Encoder, Stream, collect
from memorl.envs import RepeatPrevious
from tests.support.agents import counters, learning, make_model
from tests.support.memories import make_memory


@torch.no_grad()
def literal_loss(agent: PPO, batch: Any) -> float:
    """The loss of PPO, decision by decision."""
    (policy, value), _ = agent.model(batch.obs, batch.state, batch.first)
    new = policy.log_prob(batch.action)
    entropy = policy.entropy()
    clip = agent.current_values["clip"]
    decided = [(t, m) for t, m in np.ndindex(*batch.first.shape) if batch.valid[t, m]]
    advantages = torch.stack([batch.advantage[i] for i in decided])
    mean = advantages.mean()
    std = advantages.std()
    total = 0.0
    for i in decided:
        a = (batch.advantage[i] - mean) / (std + 1e-8) if agent.normalize_advantage else batch.advantage[i]
        logs = new[i] - batch.log_prob[i]
        ratios = [logs.sum().exp()] if agent.joint_ratio else list(logs.exp())
        gains = [min(r * a, min(max(r, 1 - clip), 1 + clip) * a) for r in ratios]
        v = value[i]
        old = batch.value[i]
        target = batch.advantage[i] + batch.value[i]
        error = (v - target) ** 2
        if agent.clip_value:
            near = old + min(max(v - old, -clip), clip)
            error = max(error, (near - target) ** 2)
        total += -sum(gains) / len(gains) + agent.value_coef * error - agent.current_values["entropy_coef"] * entropy[i]
    return float(total) / len(decided)


@pytest.mark.parametrize("normalize_advantage", [False, True])
@pytest.mark.parametrize("joint_ratio", [False, True])
@pytest.mark.parametrize("clip_value", [False, True])
@pytest.mark.usefixtures("float64")
def test_the_loss_is_the_literal_one(normalize_advantage: bool, joint_ratio: bool, clip_value: bool) -> None:
    stream = Stream(counters(spaces.MultiDiscrete([2, 3])))
    model = make_model(stream)
    switches = {"normalize_advantage": normalize_advantage, "joint_ratio": joint_ratio, "clip_value": clip_value}
    agent = PPO(model, minibatches=1, entropy_coef=0.01, **switches)
    stream.reset(0)
    rollout = collect(stream, model, model.memory.initial_state(2), 9)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    for batch in rollout.minibatches(1, torch.randn(9, 2)):
        loss, parts = agent.loss(batch)
        assert 0 < parts["clipfrac"] < 1
        assert loss.item() == pytest.approx(literal_loss(agent, batch), rel=1e-6)


@pytest.mark.parametrize(
    ("memory", "low", "high"),
    [("gru", 0.95, 1.001), pytest.param("lstm", 0.95, 1.001, marks=pytest.mark.slow), ("none", 0, 0.4)],
)
def test_memory_is_what_solves_repeat_previous(memory: str, low: float, high: float) -> None:
    stream = Stream(RepeatPrevious(num_envs=32, k=2, symbols=3, length=20))
    encoder = Encoder(stream.observation_space, 32, 32)
    model = ActorCritic(encoder, make_memory(memory, 32, hidden_size=32), stream.actions, 0, 32)
    agent = PPO(
        model, lr=3e-3, final_lr=None, gamma=0.3, lam=0.9, entropy_coef=0.01, final_entropy_coef=None,
        clip=0.2, normalize_advantage=True, minibatches=4, epochs=4, max_grad_norm=0.5,
    )  # fmt: skip
    assert low <= learning(agent, stream, 30) <= high
