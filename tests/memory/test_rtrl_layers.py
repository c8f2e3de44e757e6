"""Two layers with exact sensitivities: exact within a layer, and across them back to the start of the sequence."""

from itertools import accumulate

import pytest
import torch
from torch import Tensor
from torch.func import jacrev

from memorl.memory import ELSTM, Stack

T = 24
D = 2
N = 3
M = 4
CHUNKS = [7, 1, 9, 7]
Values = dict[str, Tensor]
pytestmark = pytest.mark.usefixtures("float64")


def step(p: Values, x: Tensor, c: Tensor) -> Tensor:
    """The cell after a step of one row."""
    f = torch.sigmoid(p["F"] @ x + p["w_f"] * c + p["b_f"])
    return f * c + (1 - f) * torch.tanh(p["Z"] @ x + p["w_z"] * c + p["b_z"])


def shown(p: Values, x: Tensor, c: Tensor) -> Tensor:
    return torch.sigmoid(p["gate.weight"] @ torch.cat([x, c]) + p["gate.bias"]) * c


def by_recursion(lower: Values, upper: Values, x: Tensor, weight: Tensor, cuts: list[int]) -> Values:
    """The gradient of the lower layer, with sensitivities of the upper cell to its parameters, 0 at the cuts:

    S1_t = dc1_t/dc1_{t-1} S1_{t-1} + dc1_t/dp,   S2_t = dc2_t/dc2_{t-1} S2_{t-1} + dc2_t/dc1_t S1_t + dc2_t/dp
    """

    def above(p: Values, c: Tensor, c1: Tensor, x: Tensor) -> Tensor:
        return step(upper, shown(p, x, c1), c)

    def loss(p: Values, c: Tensor, c1: Tensor, x: Tensor, w: Tensor) -> Tensor:
        return (shown(upper, shown(p, x, c1), c) * w).sum()

    c1 = x.new_zeros(N)
    c2 = x.new_zeros(M)
    s1, s2 = ({k: x.new_zeros(n, *p.shape) for k, p in lower.items()} for n in (N, M))
    total = {k: torch.zeros_like(p) for k, p in lower.items()}
    for t in range(T):
        if t in cuts:
            s2 = {k: torch.zeros_like(s) for k, s in s2.items()}
        by_p, by_c = jacrev(step, (0, 2))(lower, x[t], c1)
        s1 = {k: torch.tensordot(by_c, s, 1) + by_p[k] for k, s in s1.items()}
        c1 = step(lower, x[t], c1)
        by_p, by_c, by_c1 = jacrev(above, (0, 1, 2))(lower, c2, c1, x[t])
        s2 = {k: torch.tensordot(by_c, s, 1) + torch.tensordot(by_c1, s1[k], 1) + by_p[k] for k, s in s2.items()}
        c2 = above(lower, c2, c1, x[t])
        by_p, by_c, by_c1 = jacrev(loss, (0, 1, 2))(lower, c2, c1, x[t], weight[t])
        for k in total:
            total[k] += torch.tensordot(by_c, s2[k], 1) + torch.tensordot(by_c1, s1[k], 1) + by_p[k]
    return total


def two(credit: str) -> Stack:
    torch.manual_seed(3)
    return Stack([ELSTM(D, N, forget_bias=2.0, credit=credit), ELSTM(N, M, forget_bias=2.0, credit=credit)])  # type: ignore[arg-type]


def learned(memory: Stack, x: Tensor, weight: Tensor, lengths: list[int]) -> Values:
    """The gradient of both layers, chunk by chunk."""
    state = memory.initial_state(1)
    end = 0
    for length in lengths:
        part = slice(end, end + length)
        y, state = memory(x[part, None], state, None)
        (y[:, 0] * weight[part]).sum().backward()
        state = {key: value.detach() for key, value in state.items()}
        end = part.stop
    return {name: p.grad.clone() for name, p in memory.named_parameters() if p.grad is not None}


def layer(values: Values, i: int) -> Values:
    start = f"memories.{i}."
    return {name.removeprefix(start): value.detach() for name, value in values.items() if name.startswith(start)}


def test_across_layers_credit_reaches_back_to_the_start_of_the_sequence() -> None:
    """The exact recursion of two layers is backpropagation; cut at the chunks it is what a stack gives."""
    x = torch.randn(T, D)
    weight = torch.randn(T, M)
    exact = learned(two("bptt"), x, weight, [T])
    ours = learned(two("rtrl"), x, weight, CHUNKS)
    lower, upper = (layer(dict(two("rtrl").named_parameters()), i) for i in range(2))
    starts = [0, *accumulate(CHUNKS)]
    for found, cuts in ((exact, [0]), (ours, starts)):
        for name, grad in by_recursion(lower, upper, x, weight, cuts).items():
            torch.testing.assert_close(layer(found, 0)[name], grad, rtol=1e-10, atol=1e-12, msg=name)
    for name in ("F", "Z", "w_f", "w_z", "b_f", "b_z"):
        torch.testing.assert_close(layer(ours, 1)[name], layer(exact, 1)[name], rtol=1e-10, atol=1e-12, msg=name)
        assert (layer(ours, 0)[name] - layer(exact, 0)[name]).abs().max() > 1e-6, "a test too easy"
