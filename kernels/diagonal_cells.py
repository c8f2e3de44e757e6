"""GRU and LSTM whose units see themselves alone: one step, and its derivatives.

Legend: ... any leading shape, N units, x the gates [..., G, N], w the recurrent weights [G, N], h the state.

GRU, G = 3, h [..., N] (Cho et al., 2014, https://arxiv.org/abs/1406.1078, with diagonal U, U_z, U_r):

    r = sigmoid(x_r + w_r h),   z = sigmoid(x_z + w_z h),   n = tanh(x_n + w_n r h)
    h' = n + z (h - n)                                                                             (1)

    v = (1 - z) (1 - n^2),   q = v w_n h r (1 - r),   u = (h - n) z (1 - z)      dh' / dx_n, dx_r, dx_z      (2)
    dh'/dh = z + w_r q + w_z u + w_n r v                                                           (3)

LSTM, G = 4, a state is the pair (h, c), [..., N, 2] (Gers et al., 2000, with diagonal recurrent weights):

    i, f, o = sigmoid(x + w h),   g = tanh(x_g + w_g h)
    c' = f c + i g,   h' = o tanh(c')                                                              (4)

    p_i = g i (1 - i),   p_f = c f (1 - f),   p_g = i (1 - g^2)                  dc' / dx              (5)
    p_o = tanh(c') o (1 - o),   s = o (1 - tanh(c')^2)                           dh' / dx_o, dh' / dc'  (6)
    dc'/dh = w_i p_i + w_f p_f + w_g p_g,   dc'/dc = f                                             (7)
    dh'/dh = w_o p_o + s dc'/dh,            dh'/dc = s f                                           (8)
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class Slopes(NamedTuple):
    """The derivatives of a step; [N*] is [N], or [N, 2] where a state is a pair."""

    jacobian: Tensor
    """dh'/dh, [..., N], or [..., N, 2, 2]."""
    by_gate: list[Tensor]
    """dh'/dx of each gate, [..., N*]."""
    seen: list[Tensor]
    """What the recurrent weight of each gate multiplies, [..., N]."""


class Cell(NamedTuple):
    """A cell."""

    gates: int
    """G."""
    pair: bool
    """Whether its state is a pair."""
    step: Callable[[Tensor, Tensor, Tensor], Tensor]
    """(x, h, w) -> h'."""
    slopes: Callable[[Tensor, Tensor, Tensor], Slopes]
    """(x, h, w) -> the derivatives there."""


def _gru_gates(x: Tensor, h: Tensor, w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    (x_r, x_z, x_n), (w_r, w_z, w_n) = x.unbind(-2), w.unbind(0)
    r, z = torch.sigmoid(x_r + w_r * h), torch.sigmoid(x_z + w_z * h)
    return r, z, torch.tanh(x_n + w_n * r * h)


def gru_step(x: Tensor, h: Tensor, w: Tensor) -> Tensor:
    """Equation (1)."""
    _, z, n = _gru_gates(x, h, w)
    return n + z * (h - n)


def gru_slopes(x: Tensor, h: Tensor, w: Tensor) -> Slopes:
    """Equations (2) and (3)."""
    (r, z, n), (w_r, w_z, w_n) = _gru_gates(x, h, w), w.unbind(0)
    v, u = (1 - z) * (1 - n * n), (h - n) * z * (1 - z)
    q = v * w_n * h * r * (1 - r)
    return Slopes(z + w_r * q + w_z * u + w_n * r * v, [q, u, v], [h, h, r * h])


def _lstm_gates(x: Tensor, h: Tensor, w: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    q_i, q_f, q_g, q_o = (x + w * h.unsqueeze(-2)).unbind(-2)
    return torch.sigmoid(q_i), torch.sigmoid(q_f), torch.tanh(q_g), torch.sigmoid(q_o)


def lstm_step(x: Tensor, h: Tensor, w: Tensor) -> Tensor:
    """Equation (4)."""
    h, c = h.unbind(-1)
    i, f, g, o = _lstm_gates(x, h, w)
    c = f * c + i * g
    return torch.stack([o * torch.tanh(c), c], -1)


def lstm_slopes(x: Tensor, h: Tensor, w: Tensor) -> Slopes:
    """Equations (5) to (8)."""
    h, c = h.unbind(-1)
    (i, f, g, o), (w_i, w_f, w_g, w_o) = _lstm_gates(x, h, w), w.unbind(0)
    squashed = torch.tanh(f * c + i * g)
    p_i, p_f, p_g = g * i * (1 - i), c * f * (1 - f), i * (1 - g * g)
    p_o, s = squashed * o * (1 - o), o * (1 - squashed * squashed)
    c_h = w_i * p_i + w_f * p_f + w_g * p_g
    jacobian = torch.stack([w_o * p_o + s * c_h, s * f, c_h, f], -1).unflatten(-1, (2, 2))
    by_gate = [*(torch.stack([s * p, p], -1) for p in (p_i, p_f, p_g)), torch.stack([p_o, torch.zeros_like(p_o)], -1)]
    return Slopes(jacobian, by_gate, [h] * 4)


CELLS = {"gru": Cell(3, False, gru_step, gru_slopes), "lstm": Cell(4, True, lstm_step, lstm_slopes)}
