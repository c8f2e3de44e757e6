"""The update that agents share: masks, schedules, epochs, clipping, errors."""

import functools
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from memorl.agents import A2C, PPO, Agent, Stream, collect
from tests.support.agents import counters, make_model, small_agent


@pytest.mark.parametrize("kind", [PPO, A2C, functools.partial(A2C, reduction="sum", normalize_advantage=True)])
def test_rows_without_a_decision_teach_nothing(kind: Callable[..., Agent]) -> None:
    stream = Stream(counters())
    model = make_model(stream, "none")
    agent = kind(model)
    stream.reset(0)
    rollout = collect(stream, model, {}, 9)
    (batch,) = rollout.minibatches(1, torch.randn(9, 2))
    loss, _ = agent.loss(batch)
    for rows in (batch.advantage, batch.value[:-1], batch.log_prob):
        rows[~batch.valid] = float("inf")
    assert (~batch.valid).any()
    assert agent.loss(batch)[0] == loss


def test_schedules_are_linear_and_stay_at_their_ends() -> None:
    agent, stream = small_agent(lr=1.0, final_lr=0.5, clip=0.2, final_clip=0.1, entropy_coef=0.3, anneal_steps=40)
    rows = []
    for _ in range(4):
        rollout = collect(stream, agent.model, agent.model.memory.initial_state(4), 6)
        steps = agent.steps
        stats = agent.update(rollout)
        rows.append((steps, stats["charts/learning_rate"], stats["charts/clip"], stats["charts/entropy_coef"]))
    for steps, lr, clip, entropy in rows:
        done = min(1, steps / 40)
        assert (lr, clip) == (pytest.approx(1 - 0.5 * done), pytest.approx(0.2 - 0.1 * done))
        assert entropy == pytest.approx(0.3 + (1e-6 - 0.3) * done)
    assert rows[-1][0] > 40


def test_target_kl_ends_the_epochs() -> None:
    for target, epochs in ((1e-12, 1), (1e12, 3), (None, 3)):
        agent, stream = small_agent(target_kl=target, lr=1e-3)
        rollout = collect(stream, agent.model, agent.model.memory.initial_state(4), 6)
        agent.update(rollout)
        (steps,) = {int(state["step"]) for state in agent.torch_optimizer.state.values()}
        assert steps == 2 * epochs


def test_gradients_are_clipped() -> None:
    agent, stream = small_agent(max_grad_norm=1e-3, epochs=1, minibatches=1)
    agent.update(collect(stream, agent.model, agent.model.memory.initial_state(4), 6))
    norm = math.sqrt(sum(float((p.grad**2).sum()) for p in agent.model.parameters() if p.grad is not None))
    assert norm == pytest.approx(1e-3, rel=1e-3)


@pytest.mark.parametrize("where", ["parameter", "reward"])
def test_a_loss_that_is_not_finite_stops(where: str) -> None:
    agent, stream = small_agent()
    rollout = collect(stream, agent.model, agent.model.memory.initial_state(4), 6)
    if where == "reward":
        rollout.reward[3, 2] = float("nan")
    else:
        agent.model.value.linear.weight.data[0, 0] = float("inf")
    with pytest.raises(FloatingPointError, match=r"losses/\w+ is (nan|-?inf) at step \d+"):
        agent.update(rollout)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"lr": 0.0}, "lr is 0.0; it must be positive"),
        ({"epochs": 0}, "epochs is 0; it must be from 1 to 10,000"),
        ({"epochs": 10**9}, "epochs is 1000000000; it must be from 1 to 10,000"),
        ({"minibatches": 10**9}, "minibatches is 1000000000; it must be from 1 to 1,000,000"),
        ({"anneal_steps": 10**20}, "anneal_steps is 10+; it must be from 1 to 10,000,000,000,000"),
        ({"max_grad_norm": -1.0}, "max_grad_norm is -1.0; it must be positive"),
        ({"gamma": 1.5}, "gamma is 1.5; it must lie between 0 and 1"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        small_agent(**arguments)


def test_more_minibatches_than_sequences_are_refused() -> None:
    agent, stream = small_agent(minibatches=5)
    rollout = collect(stream, agent.model, agent.model.memory.initial_state(4), 6)
    with pytest.raises(ValueError, match=r"agent\.minibatches is 5; it must be at most 4, .* \(fewer"):
        agent.update(rollout)
