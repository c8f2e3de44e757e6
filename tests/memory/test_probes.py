"""Probes say what is so: exact norms, exact ages, and nothing across an episode start."""

import pytest
import torch
from torch import Tensor

from memorl.memory import ELSTM, Deep, Memory, State
from memorl.memory.probes import by_age, effective_horizon, influence
from tests.support.memories import make_memory

T = 7
B = 3
D = 3
pytestmark = pytest.mark.usefixtures("float64")


def exact(memory: Memory, x: Tensor, state: State, first: Tensor) -> Tensor:
    """Equation (1) by the whole Jacobian."""
    jacobian = torch.autograd.functional.jacobian(lambda x: memory(x, state, first)[0], x)  # [T, B, H, T, B, D]
    return jacobian.diagonal(dim1=1, dim2=4).square().sum((1, 3)).sqrt()


@pytest.mark.parametrize("rows", [1000, 500])
def test_influence_is_the_norm_of_the_jacobian(memory_name: str, rows: int) -> None:
    memory = make_memory(memory_name, D)
    x = torch.randn(T, B, D)
    first = torch.rand(T, B) < 0.2
    with torch.no_grad():
        _, state = memory(torch.randn(4, B, D))
    expected = exact(memory, x, state, first)
    estimated = influence(memory, x, state, first, vectors=100, rows=rows)
    torch.testing.assert_close(estimated, expected, rtol=0.35, atol=1e-12)
    assert ((estimated == 0) == (expected == 0)).all(), "what does not reach is exactly 0"


def test_what_gradients_do_not_reach_has_no_influence() -> None:
    assert influence(ELSTM(D, 4, encoder_grad="none"), torch.randn(T, B, D)).abs().max() == 0


def test_ages_are_counted_within_episodes() -> None:
    k = 3
    memory = make_memory("frame_stack", D, k=k)
    x = torch.randn(T, B, D)
    first = torch.zeros(T, B, dtype=torch.bool)
    first[4, 0] = True
    profile = by_age(influence(memory, x, None, first), first)
    torch.testing.assert_close(profile, torch.tensor([D**0.5] * k + [0.0] * (T - k)))
    assert effective_horizon(profile) == effective_horizon(profile, 1.0) == k - 1
    assert effective_horizon(profile, 0.5) == 1
    assert effective_horizon(profile, 0.3) == 0
    with pytest.raises(ValueError, match="share is 2; it must lie between 0 and 1"):
        effective_horizon(profile, 2)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gru", set()),
        ("trxl", {f"attention_{i}_{j}" for i in range(2) for j in range(4)}),
        ("hippo", {"history_0", "history_1"}),
        ("hippo_linear", {"history_0", "history_1"}),
    ],
)
def test_memories_show_what_they_look_at_or_hold(name: str, expected: set[str]) -> None:
    memory = make_memory(name, D)
    x = torch.randn(T, 1, D)
    first = torch.zeros(T, 1, dtype=torch.bool)
    assert memory.heatmaps(x).keys() == expected
    stacked = Deep(D, lambda size: make_memory(name, size), layers=2)
    assert stacked.heatmaps(x).keys() == {f"{layer}.{title}" for layer in range(2) for title in expected}
    first[3] = True
    for title, heatmap in memory.heatmaps(x, None, first).items():
        if title.startswith("history"):
            torch.testing.assert_close(heatmap[3:], memory.heatmaps(x[3:])[title])
        else:
            torch.testing.assert_close(heatmap.sum(1), torch.ones(T))


def test_heatmaps_are_maps_over_the_sequence(memory_name: str) -> None:
    memory = make_memory(memory_name, D)
    x = torch.randn(T, 1, D)
    with torch.no_grad():
        for heatmap in memory.heatmaps(x).values():
            assert heatmap.dim() == 2
            assert len(heatmap) == T
            assert heatmap.isfinite().all()
