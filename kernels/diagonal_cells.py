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


class Slopes(NamedTuple):
    """The derivatives of a step, each [..., N]."""

    jacobian: tuple[Tensors, ...]
    """ds'_i / ds_j at [i][j]."""
    by_gate: tuple[Tensors, ...]
    """ds'_i / dx_g at [g][i]."""
    seen: Tensors
    """What the recurrent weight of each gate multiplies."""


class Cell(NamedTuple):
    """A cell."""

    gates: int
    """G."""
    states: int
    """S."""
    step: Callable[[Tensors, Tensors, Tensors], Tensors]
    """(x, s, w) -> s'."""
    slopes: Callable[[Tensors, Tensors, Tensors], Slopes]
    """(x, s, w) -> the derivatives there."""


def _gru_gates(x: Tensors, h: Tensor, w: Tensors) -> tuple[Tensor, Tensor, Tensor]:
    (x_r, x_z, x_n), (w_r, w_z, w_n) = x, w
    r, z = torch.sigmoid(x_r + w_r * h), torch.sigmoid(x_z + w_z * h)
    return r, z, torch.tanh(x_n + w_n * r * h)


def gru_step(x: Tensors, s: Tensors, w: Tensors) -> Tensors:
    """Equation (1)."""
    (h,), (_, z, n) = s, _gru_gates(x, s[0], w)
    return (n + z * (h - n),)


def gru_slopes(x: Tensors, s: Tensors, w: Tensors) -> Slopes:
    """Equations (2) and (3)."""
    (h,), (r, z, n), (w_r, w_z, w_n) = s, _gru_gates(x, s[0], w), w
    v, u = (1 - z) * (1 - n * n), (h - n) * z * (1 - z)
    q = v * w_n * h * r * (1 - r)
    return Slopes(((z + w_r * q + w_z * u + w_n * r * v,),), ((q,), (u,), (v,)), (h, h, r * h))


def _lstm_gates(x: Tensors, h: Tensor, w: Tensors) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    i, f, g, o = (x_g + w_g * h for x_g, w_g in zip(x, w, strict=True))
    return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)


def lstm_step(x: Tensors, s: Tensors, w: Tensors) -> Tensors:
    """Equation (4)."""
    i, f, g, o = _lstm_gates(x, s[0], w)
    c = f * s[1] + i * g
    return o * torch.tanh(c), c


def lstm_slopes(x: Tensors, s: Tensors, w: Tensors) -> Slopes:
    """Equations (5) to (8)."""
    (h, c), (i, f, g, o), (w_i, w_f, w_g, w_o) = s, _lstm_gates(x, s[0], w), w
    squashed = torch.tanh(f * c + i * g)
    p_i, p_f, p_g = g * i * (1 - i), c * f * (1 - f), i * (1 - g * g)
    p_o, slope = squashed * o * (1 - o), o * (1 - squashed * squashed)
    c_h = w_i * p_i + w_f * p_f + w_g * p_g
    by_gate = *((slope * p, p) for p in (p_i, p_f, p_g)), (p_o, torch.zeros_like(p_o))
    return Slopes(((w_o * p_o + slope * c_h, slope * f), (c_h, f)), by_gate, (h,) * 4)


CELLS = {"gru": Cell(3, 1, gru_step, gru_slopes), "lstm": Cell(4, 2, lstm_step, lstm_slopes)}
