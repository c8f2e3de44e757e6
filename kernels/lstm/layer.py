"""A whole layer of LSTM, its input product included, over a sequence with episode starts inside."""

import torch.nn.functional as F
from torch import Tensor

from memorl.kernels.common import heads
from memorl.kernels.common.backend import choose_cell
from memorl.kernels.common.repeated_linear import MIN_CALLS
from memorl.kernels.common.shapes import require_shapes

from .lstm import lstm_loop
from .onednn_layer import FusedLSTM, can_fuse


def lstm_layer(
    x: Tensor, h: Tensor, c: Tensor, first: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor,
    backend: str = "auto",
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Run one layer of LSTM, the recurrence of `lstm_loop`.

    Args:
        x: Features, [T, B, D].
        h: The output before the first step, [B, H].
        c: The cell before the first step, [B, H].
        first: True where a step begins an episode, [T, B], bool.
        weight_ih: W_i, [4H, D], in the order i, f, g, o.
        weight_hh: W of the output, [4H, U]; with one head (`heads`) U is H.
        bias: b_i + b_h, [4H].
        backend: "onednn" (one head, on a CPU), one of those of `lstm_loop`, or "auto".

    Returns:
        The output after every step, [T, B, H], and the cell after the last, [B, H]. Differentiable, once, in all but
        `first`.

    Raises:
        ValueError: If shapes do not fit, or the backend is unknown or cannot run on these tensors.
    """
    T, B, D = x.shape
    H = h.shape[-1]
    tensors = {"h": h, "c": c, "first": first, "weight_ih": weight_ih, "bias": bias}
    require_shapes("lstm_layer", tensors, h=(B, H), c=(B, H), first=(T, B), weight_ih=(4 * H, D), bias=(4 * H,))
    whole = heads.count(weight_hh, h.shape[1]) == 1
    fits = backend in ("auto", "onednn") and whole and can_fuse(x, h, c, weight_ih, weight_hh, bias)
    if backend == "onednn" and not fits:
        needed = f"float32 on a CPU with oneDNN, one head, and {MIN_CALLS} steps or more"
        raise ValueError(f"backend is 'onednn', but it takes {needed}")
    prefers_numba = backend == "auto" and choose_cell(backend, x, first, h, c, weight=weight_hh) == "numba"
    if fits and not prefers_numba:
        return FusedLSTM.apply(x, h, c, first, weight_ih, weight_hh, bias)
    gates = F.linear(x, weight_ih, bias).to(h.dtype)
    y, cells = lstm_loop(gates, h, c, first, weight_hh, backend)
    return y, cells[-1]
