"""Running moments are those of all numbers together, and moving them moves no value."""

import pytest
import torch
from gymnasium import spaces

from memorl.agents import collect
from memorl.agents.normalise import Moments, ObservationNormaliser, ValueHead
from tests.support.agents import small_agent


@pytest.mark.parametrize("shape", [(), (3,), (2, 2)])
def test_moments_of_batches_are_those_of_all_numbers(shape: tuple[int, ...]) -> None:
    moments = Moments(shape)
    batches = [torch.randn(n, 2, *shape) * 5 + 1000 for n in (1, 7, 100, 3)]
    for batch in batches:
        moments.update(batch)
    together = torch.cat(batches).flatten(0, 1).double()
    torch.testing.assert_close(moments.mean, together.mean(0))
    torch.testing.assert_close(moments.variance, together.var(0, correction=0))


def test_a_horizon_forgets() -> None:
    moments = Moments(horizon=100)
    moments.update(torch.full((100_000,), 5.0))
    for _ in range(50):
        moments.update(torch.randn(100) - 7)
    assert abs(float(moments.mean) + 7) < 0.2
    assert abs(float(moments.variance) - 1) < 0.2


def test_nothing_changes_before_the_first_update() -> None:
    normaliser = ObservationNormaliser(spaces.Dict({"x": spaces.Box(-torch.inf, torch.inf, (2,))}))
    x = torch.randn(4, 2)
    assert torch.equal(normaliser({"x": x})["x"], x)
    head = ValueHead(8)
    y = torch.randn(4, 8)
    assert torch.equal(head(y), head.linear(y).squeeze(-1))


def test_only_what_is_selected_is_normalised() -> None:
    space = spaces.Dict(
        {
            "image": spaces.Box(0, 255, (64, 64, 3)),
            "bounded": spaces.Box(-8, 8, (2,)),
            "half": spaces.Box(0, torch.inf, (2,)),
            "largest": spaces.Box(-3.4e38, 3.4e38, (2,)),
            "word": spaces.Discrete(4),
        }
    )
    assert ObservationNormaliser(space, "unbounded").names == ["half", "largest"]
    assert ObservationNormaliser(space, "all").names == ["bounded", "half", "largest"]
    assert ObservationNormaliser(space, "none").names == []
    assert ObservationNormaliser(None, "all").names == []


def test_shifted_observations_become_ordinary_ones() -> None:
    normaliser = ObservationNormaliser(spaces.Dict({"x": spaces.Box(-torch.inf, torch.inf, (2,))}))
    normaliser.update({"x": torch.randn(1000, 2) * 5 + 1000})
    x = normaliser({"x": torch.randn(1000, 2) * 5 + 1000})["x"]
    assert abs(float(x.mean())) < 0.2
    assert abs(float(x.std()) - 1) < 0.1
    assert normaliser({"x": torch.tensor([[1e9, -1e9]])})["x"].tolist() == [[10, -10]]


def test_new_moments_of_targets_move_no_value() -> None:
    head = ValueHead(8)
    y = torch.randn(50, 8)
    for scale in (300.0, 0.1, 40.0, 0.0):
        before = head(y)
        head.rescale(torch.randn(20_000) * scale + 3 * scale)
        torch.testing.assert_close(head(y), before, rtol=1e-4, atol=1e-3)
    assert float(head.moments.deviation(0)) > 0


def test_an_update_learns_with_the_moments_that_acted_and_ends_with_new_ones() -> None:
    agent, stream = small_agent(normalize_values=True)
    space = spaces.Dict(
        {name: spaces.Box(-torch.inf, torch.inf, entry.shape) for name, entry in stream.env_space.items()}
    )
    agent.model.normaliser = ObservationNormaliser(space)
    rollout = collect(stream, agent.model, agent.model.memory.initial_state(4), 10)
    losses = agent.update(rollout)
    assert abs(losses["losses/approx_kl"]) < 0.01
    moments = agent.model.normaliser.moments[0]
    assert isinstance(moments, Moments)
    assert int(moments.count) == 40
    assert int(agent.model.value.moments.count) == rollout.steps
