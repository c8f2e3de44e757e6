"""Attention of one query a row to its window, for acting: a step, and the window with that step in it.

Legend: W window, B batch, H heads, E size of a head, D = H E.

A query against a window that is stored unprojected, z [W + 1, D] with k = K z, v = V z, needs no projection of the
window. Both matrices go to the other side, where there is one vector a head instead of W + 1:

    q . K z_s = (K' q) . z_s,       sum_s p_s V z_s = V (sum_s p_s z_s)                              (1)

which is 4 W H D + 4 D^2 FLOP instead of 4 W D^2, for W = 119, D = 384, H = 4 a fiftieth. What p is stands in
attention.py, equations (1) and (2).
"""

import torch
from torch import Tensor

from memorl.kernels.common.backend import is_transformed
from memorl.kernels.common.operators import operator
from memorl.kernels.common.resets import zero_rows_


def window_step(
    q: Tensor, z: Tensor, k_weight: Tensor, v_weight: Tensor, reach: Tensor, bias: Tensor | None = None
) -> Tensor:
    """Attend with one query a row to a window that is stored unprojected, equation (1).

    Args:
        q: The query, [B, H, E].
        z: The window, the query's own step last, [B, W + 1, D]; finite where nobody sees it.
        k_weight: K of each head, [H, E, D].
        v_weight: V of each head, [H, E, D].
        reach: How many keys back the query may see, [B].
        bias: What each distance adds to the logits, [B, H, W + 1]; None is 0.

    Returns:
        y, [B, H, E].
    """
    folded = ((q * q.shape[2] ** -0.5).transpose(0, 1) @ k_weight).transpose(0, 1)  # [B, H, D]
    logits = folded @ z.transpose(1, 2)
    if bias is not None:
        logits = logits + bias.flip(-1)
    distance = torch.arange(z.shape[1] - 1, -1, -1, device=z.device)
    weights = logits.masked_fill((distance > reach[:, None])[:, None], float("-inf")).softmax(-1)
    return ((weights @ z).transpose(0, 1) @ v_weight.transpose(1, 2)).transpose(0, 1)


def _append_and_reset(past: Tensor, now: Tensor, first: Tensor) -> Tensor:
    z = torch.cat([past, now], 1)
    zero_rows_(z[:, :-1], first)
    return z


_append = operator("window_append", _append_and_reset, lambda past, now, first: torch.cat([past, now], 1))
_append.register_autograd(lambda ctx, dz: (None, dz[:, -1:], None))


def window_append(past: Tensor, now: Tensor, first: Tensor) -> Tensor:
    """Return [B, W + 1, D]: the window past [B, W, D], erased where an episode begins, and the step now [B, 1, D].

    Unless `first` [B] is True, a row must hold zeros already for all steps before its episode. Differentiable in `now`.
    """
    if torch.compiler.is_exporting() or is_transformed(past, now):
        return torch.cat([past.detach().masked_fill(first[:, None, None], 0), now], 1)
    return _append(past, now, first)
