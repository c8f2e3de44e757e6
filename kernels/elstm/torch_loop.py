"""The recurrence of elstm.py by torch's operators, equations (1) to (6) there, without a graph a step."""

import torch
from torch import Tensor

from memorl.kernels.common.resets import CACHED_NUMBERS, add_product_, previous_states, reset_indices

from .operator import elstm_operator, empty_outputs


def _fill_slopes_(slopes: Tensor, previous: Tensor, w: Tensor) -> None:
    """Turn f and z, which lie in the place of u and v, into equations (4) and (5), in slopes [3, ..., N]."""
    a, u, v = slopes
    w_f, w_z = w
    a.copy_(u)
    rest = 1 - u
    u.mul_(rest).mul_(previous - v)
    torch.addcmul(rest, rest, v * v, value=-1, out=v)
    a.addcmul_(w_f, u).addcmul_(w_z, v)


def _forward(gates: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return c [T, B, N], and a, u and v [3, T, B, N]."""
    B, N = c.shape
    y, slopes = empty_outputs(gates, c)
    start = c
    x = gates.unflatten(2, (2, N))
    w = weight.view(2, N)
    q = slopes[1:].permute(1, 2, 0, 3)
    rows = zip(
        x.unbind(0), q.unbind(0), *(p.unbind(0) for p in slopes[1:]), y.unbind(0), reset_indices(first), strict=True
    )
    for x_t, q_t, f, z, y_t, reset in rows:
        c = c if reset is None else c.index_fill(0, reset, 0)
        torch.addcmul(x_t, w, c.unsqueeze(1), out=q_t)
        f.sigmoid_()
        z.tanh_()
        c = torch.lerp(z, c, f, out=y_t)
    previous = previous_states(start, y, first)
    block = max(1, CACHED_NUMBERS // (B * N))
    for slopes_b, old_b in zip(slopes.split(block, 1), previous.split(block), strict=True):
        _fill_slopes_(slopes_b, old_b, w)
    return y, slopes


def _backward(dy: Tensor, y: Tensor, slopes: Tensor, c: Tensor, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    d = dy.clone(memory_format=torch.contiguous_format)
    steps = d.unbind(0)
    dc = torch.zeros_like(d[0])
    a = slopes[0].unbind(0)
    for a_t, d_t, to, rows in zip(a[::-1], steps[::-1], (*steps[-2::-1], dc), reset_indices(first)[::-1], strict=True):
        add_product_(to, a_t, d_t, rows)
    dgates = d.unsqueeze(2) * slopes[1:].permute(1, 2, 0, 3)
    d_weight = (dgates * previous_states(c, y, first).unsqueeze(2)).sum((0, 1))
    return dgates.flatten(2), dc, d_weight.flatten()


elstm_loop_torch = elstm_operator("elstm_loop_torch", _forward, _backward)
