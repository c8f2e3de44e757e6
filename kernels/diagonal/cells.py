"""GRU and LSTM whose units see themselves alone: one step, and its derivatives.

Legend: ... any leading shape, N units, G gates, S states of a unit; x the gates, w the recurrent weights, s the states:
G, G and S tensors, all [..., N] or less.

GRU, G = 3, with one state, h (Cho et al., 2014, https://arxiv.org/abs/1406.1078, with diagonal U, U_z, U_r):

    r = sigmoid(x_r + w_r h),   z = sigmoid(x_z + w_z h),   n = tanh(x_n + w_n r h)
    h' = n + z (h - n)                                                                             (1)

    v = (1 - z) (1 - n^2),   q = v w_n h r (1 - r),   u = (h - n) z (1 - z)      dh' / dx_n, dx_r, dx_z      (2)
    dh'/dh = z + w_r q + w_z u + w_n r v                                                           (3)

LSTM, G = 4, with two states, h and c (Gers et al., 2000, with diagonal recurrent weights):

    i, f, o = sigmoid(x + w h),   g = tanh(x_g + w_g h)
    c' = f c + i g,   h' = o tanh(c')                                                              (4)

    p_i = g i (1 - i),   p_f = c f (1 - f),   p_g = i (1 - g^2)                  dc' / dx              (5)
    p_o = tanh(c') o (1 - o),   s = o (1 - tanh(c')^2)                           dh' / dx_o, dh' / dc'  (6)
    dc'/dh = w_i p_i + w_f p_f + w_g p_g,   dc'/dc = f                                             (7)
    dh'/dh = w_o p_o + s dc'/dh,            dh'/dc = s f                                           (8)
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

Tensors = Sequence[Tensor]


class Derivatives(NamedTuple):
    """Derivatives of a step, each [..., N]."""

    jacobian: tuple[Tensors, ...]
    """ds'_i / ds_j at [i][j]."""
    gate_slopes: tuple[Tensors, ...]
    """ds'_i / dx_g at [g][i]."""
    factors: Tensors
    """The factors that the recurrent weight of each gate multiplies."""


class Cell(NamedTuple):
    """A cell: its sizes, one step, and the derivatives of a step."""

    gates: int
    """Number G of gates."""
    states: int
    """Number S of states of a unit."""
    step: Callable[[Tensors, Tensors, Tensors], Tensors]
    """(x, s, w) -> s'."""
    derivatives: Callable[[Tensors, Tensors, Tensors], Derivatives]
    """(x, s, w) -> the derivatives there."""


def _gru_gates(x: Tensors, h: Tensor, w: Tensors) -> tuple[Tensor, Tensor, Tensor]:
    x_r, x_z, x_n = x
    w_r, w_z, w_n = w
    r = torch.sigmoid(x_r + w_r * h)
    z = torch.sigmoid(x_z + w_z * h)
    return r, z, torch.tanh(x_n + w_n * r * h)


def gru_step(x: Tensors, s: Tensors, w: Tensors) -> Tensors:
    """Return the states after a step, equation (1)."""
    (h,) = s
    _, z, n = _gru_gates(x, s[0], w)
    return (n + z * (h - n),)


def gru_derivatives(x: Tensors, s: Tensors, w: Tensors) -> Derivatives:
    """Return the derivatives of a step, equations (2) and (3)."""
    (h,) = s
    r, z, n = _gru_gates(x, s[0], w)
    w_r, w_z, w_n = w
    v = (1 - z) * (1 - n * n)
    u = (h - n) * z * (1 - z)
    q = v * w_n * h * r * (1 - r)
    return Derivatives(((z + w_r * q + w_z * u + w_n * r * v,),), ((q,), (u,), (v,)), (h, h, r * h))


def _lstm_gates(x: Tensors, h: Tensor, w: Tensors) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    i, f, g, o = (x_g + w_g * h for x_g, w_g in zip(x, w, strict=True))
    return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)


def lstm_step(x: Tensors, s: Tensors, w: Tensors) -> Tensors:
    """Return the states after a step, equation (4)."""
    i, f, g, o = _lstm_gates(x, s[0], w)
    c = f * s[1] + i * g
    return o * torch.tanh(c), c


def lstm_derivatives(x: Tensors, s: Tensors, w: Tensors) -> Derivatives:
    """Return the derivatives of a step, equations (5) to (8)."""
    h, c = s
    i, f, g, o = _lstm_gates(x, s[0], w)
    w_i, w_f, w_g, w_o = w
    tanh_c = torch.tanh(f * c + i * g)
    p_i = g * i * (1 - i)
    p_f = c * f * (1 - f)
    p_g = i * (1 - g * g)
    p_o = tanh_c * o * (1 - o)
    slope = o * (1 - tanh_c * tanh_c)
    c_h = w_i * p_i + w_f * p_f + w_g * p_g
    gate_slopes = *((slope * p, p) for p in (p_i, p_f, p_g)), (p_o, torch.zeros_like(p_o))
    return Derivatives(((w_o * p_o + slope * c_h, slope * f), (c_h, f)), gate_slopes, (h,) * 4)


CELLS = {"gru": Cell(3, 1, gru_step, gru_derivatives), "lstm": Cell(4, 2, lstm_step, lstm_derivatives)}


def unstack_states(h: Tensor, cell: str) -> Tensors:
    """Return the states of a cell, each [..., N], of h [..., N*]."""
    return h.unbind(-1) if CELLS[cell].states == 2 else (h,)


def stack_states(states: Tensors) -> Tensor:
    """Return the states of a cell, each [..., N], as h [..., N*]."""
    return torch.stack(list(states), -1) if len(states) == 2 else states[0]


def diagonal_derivatives(
    gates: Tensor, h: Tensor, weight: Tensor, cell: str
) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """Return the derivatives of a step of a cell, for gates [..., G N], the states h [..., N*] before it and w [G N].

    Returns:
        The Jacobian dh'/dh, [..., N] or [..., N, 2, 2]; and for each gate dh'/dx, [..., N*], and the factor [..., N]
        that its recurrent weight multiplies, so that dh'/dw is their product.
    """
    G, S, _, derivatives = CELLS[cell]
    jacobian, gate_slopes, factors = derivatives(gates.chunk(G, -1), unstack_states(h, cell), weight.chunk(G))
    slopes = [stack_states(parts) for parts in gate_slopes]
    matrix = jacobian[0][0] if S == 1 else torch.stack([stack_states(row) for row in jacobian], -2)
    return matrix, list(zip(slopes, factors, strict=True))
