"""A2C: its loss, and that it learns."""

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from memorl.agents import A2C, ActorCritic, Encoder, Stream, collect, gae
from memorl.envs import DelayedCue, RepeatPrevious
from tests.support.agents import counters, learning, make_model
from tests.support.memories import make_memory


@pytest.mark.parametrize("normalize_advantage", [False, True])
@pytest.mark.parametrize("returns", ["n_step", "vtrace"])
@pytest.mark.usefixtures("float64")
def test_the_loss_of_a2c_is_the_literal_one(returns: str, normalize_advantage: bool) -> None:
    """On policy both kinds of returns are the n-step one; the sum is the mean times the number of decisions."""
    stream = Stream(counters(spaces.MultiDiscrete([2, 3])))
    model = make_model(stream)
    agent = A2C(model, returns=returns, normalize_advantage=normalize_advantage)
    stream.reset(0)
    rollout = collect(stream, model, model.memory.initial_state(2), 9)
    (batch,) = rollout.minibatches(1, gae(rollout.reward, rollout.value, rollout.last, rollout.terminal, 0.99, 1.0))
    with torch.no_grad():
        (policy, value), _ = model(batch.obs, batch.state, batch.first)
    decided = [(t, m) for t, m in np.ndindex(*batch.first.shape) if batch.valid[t, m]]
    gains = torch.stack([batch.advantage[i] for i in decided])
    total = 0.0
    for i, gain in zip(decided, gains, strict=True):
        scaled = (gain - gains.mean()) / (gains.std() + 1e-8) if normalize_advantage else gain
        error = value[i] - (batch.advantage[i] + batch.value[i])
        total += float(0.25 * error**2 - policy.log_prob(batch.action)[i].sum() * scaled - 0.01 * policy.entropy()[i])
    loss, parts = agent.loss(batch)
    assert loss.item() == pytest.approx(total / len(decided), rel=1e-5)
    assert parts["approx_kl"].abs() < 1e-6
    agent.reduction = "sum"
    assert agent.loss(batch)[0].item() == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize(
    "arguments", [{}, {"returns": "vtrace", "epochs": 3, "minibatches": 2}], ids=["n_step", "vtrace"]
)
def test_a2c_learns_with_a_memory(arguments: dict[str, Any]) -> None:
    stream = Stream(RepeatPrevious(num_envs=32, k=1, symbols=3, length=20))
    encoder = Encoder(stream.observation_space, 32, 32)
    model = ActorCritic(encoder, make_memory("gru", 32, hidden_size=32), stream.actions, 0, 32)
    agent = A2C(model, lr=3e-3, optimizer="adam", gamma=0.3, normalize_advantage=True, **arguments)
    assert learning(agent, stream, 150 // (3 if arguments else 1), 16) > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("credit", "low", "high"), [("rtrl", 0.9, 1.001), ("bptt", 0.3, 0.65)])
def test_r2ac_learns_a_delay_longer_than_its_chunks(credit: str, low: float, high: float) -> None:
    """A cue of six steps ago in chunks of two; the same with credit that ends with the chunk stays at a half."""
    torch.manual_seed(2)
    stream = Stream(DelayedCue(num_envs=64, delay=6))
    memory = make_memory("elstm", 32, hidden_size=32, forget_bias=1.0, credit=credit, encoder_grad="none")
    model = ActorCritic(Encoder(stream.observation_space, 32, 32), memory, stream.actions, 0, 32)
    agent = A2C(model, lr=1e-2, optimizer="adam", returns="vtrace")
    assert low < learning(agent, stream, 240, rows=2, last=40) < high


def test_n_step_returns_are_learned_from_once() -> None:
    model = make_model(Stream(counters()))
    with pytest.raises(ValueError, match=r"epochs \* minibatches is 2; it must be 1 unless returns=vtrace"):
        A2C(model, epochs=2)
