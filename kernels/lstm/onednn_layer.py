"""A whole layer of LSTM, its input product included, over a sequence with episode starts inside.

oneDNN has a fused LSTM for CPUs, the one behind `torch.nn.LSTM`. It knows no episode starts. The runs between starts
(`packing`) need none: each is a sequence of its own. They begin together, longest first, and where the short ones have
ended the fused LSTM goes on with the others from the states it left: a block is a handful of fused calls.

    runs ^  ooo..|               o a step of a run,  . a step past its end,  | a new call
         |  oooo.|
         |  ooooo|oooo..|        A call costs as much as some places, so a new one is made
         |  ooooo|oooooo|oooo    when that many, `MAX_PADDING`, have been computed for nothing.
         +-------------------> steps

What a run does past its end must reach nothing, but its last cell is asked for where the block ends. So x gets one more
feature, 0 in a run and 1 past its end, whose weight closes the gates: with i = o = 0 and f = 1, exactly in floating
point, the cell stays, h = 0, and all gates have gradient 0 while that of the cell passes unchanged.

Legend: T time, B batch, D features, H units, S runs, P places that are computed.
Cost: 24 P H (D + H) FLOP forward and backward, with P at most T B plus `MAX_PADDING` for every call.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from memorl.kernels.common.backend import is_transformed
from memorl.kernels.common.packing import Packing, pack_runs
from memorl.kernels.common.repeated_linear import MIN_CALLS

MAX_PADDING = 256
"""The number of wasted places that costs as much time as one more call."""

SATURATED = 1000.0
"""A pre-activation at which a sigmoid is 0 or 1."""

MODE = 2
"""The LSTM's number in oneDNN's operators."""


def split_calls(sizes: list[int]) -> list[tuple[int, int]]:
    """Return the calls, each (steps, rows), for runs of which sizes[p] are longer than p."""
    calls = []
    begin = 0
    waste = 0
    for p, size in enumerate(sizes):
        waste += sizes[begin] - size
        if waste > MAX_PADDING:
            calls.append((p - begin, sizes[begin]))
            begin = p
            waste = 0
    return [*calls, (len(sizes) - begin, sizes[begin])]


def padded_places(runs: Packing, calls: list[tuple[int, int]], B: int) -> tuple[Tensor, Tensor]:
    """Return the index of each place among the P of the calls, [T B], and the run that each row ends with, [B]."""
    assert runs.inverse is not None
    sizes = torch.tensor(runs.sizes)
    computed = torch.tensor([rows for steps, rows in calls for _ in range(steps)])
    begin, begin_computed = (n.cumsum(0) - n for n in (sizes, computed))
    step = torch.searchsorted(begin, runs.inverse, right=True) - 1
    run = runs.inverse - begin[step]
    return begin_computed[step] + run, run[-B:]


class FusedLSTM(torch.autograd.Function):
    """Run the calls of oneDNN, forward and backward."""

    @staticmethod
    def forward(  # type: ignore[no-untyped-def]
        ctx: Any, x: Tensor, h: Tensor, c: Tensor, first: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor
    ):
        """Return the outputs [T, B, H] and the last c [B, H]."""
        T, B, D = x.shape
        H = h.shape[1]
        runs = pack_runs(first)
        calls = split_calls(runs.sizes)
        at, last = padded_places(runs, calls, B)
        padded = x.new_zeros(sum(steps * rows for steps, rows in calls), D + 1)
        padded[:, D] = 1
        padded.index_copy_(0, at, F.pad(x.flatten(0, 1), (0, 1)))
        close = torch.tensor([-SATURATED, SATURATED, 0, -SATURATED]).repeat_interleave(H)[:, None]
        weights = [torch.cat([weight_ih, close], 1), weight_hh.detach(), bias.detach(), torch.zeros_like(bias)]
        h = runs.initial_states(h)
        c = runs.initial_states(c)
        outputs = []
        last_c = []
        saved = []
        for (steps, rows), part in zip(calls, padded.split([steps * rows for steps, rows in calls]), strict=True):
            last_c.append(c[rows:])
            inputs = [part.view(steps, rows, D + 1), h[:rows], c[:rows]]
            with torch.set_grad_enabled(any(ctx.needs_input_grad)):  # or it keeps no workspace
                y, h, c, workspace = torch.ops.aten.mkldnn_rnn_layer(
                    inputs[0], *weights, *inputs[1:], False, [], MODE, H, 1, True, False, False, True
                )
            outputs.append(y.view(-1, H))
            saved += [*inputs, y, h, c, workspace]
        ctx.save_for_backward(first, at, last, *weights, *saved)
        return torch.cat(outputs)[at].view(T, B, H), torch.cat([c, *reversed(last_c)])[last]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor, dc: Tensor):  # type: ignore[no-untyped-def]
        """Return the gradients of the inputs of `forward`."""
        first, at, last, *saved = ctx.saved_tensors
        weights = saved[:4]
        calls = [saved[i : i + 7] for i in range(4, len(saved), 7)]
        H = dy.shape[2]
        D = weights[0].shape[1] - 1
        runs = pack_runs(first)
        padded = dy.new_zeros(sum(len(x) * len(h) for x, h, *_ in calls), H).index_copy_(0, at, dy.flatten(0, 1))
        d_last_c = dc.new_zeros(runs.sizes[0], H).index_copy_(0, last, dc)
        dh = padded[:0]
        dc = padded[:0]
        dx = []
        total = [torch.zeros_like(w) for w in weights[:3]]
        parts = padded.split([len(x) * len(h) for x, h, *_ in calls])
        for (x, h, c, y, h_new, c_new, workspace), dy_part in reversed(list(zip(calls, parts, strict=True))):
            dh = F.pad(dh, (0, 0, 0, len(h) - len(dh)))
            dc = torch.cat([dc, d_last_c[len(dc) : len(c)]])
            d, d_ih, d_hh, d_bias, _, dh, dc = torch.ops.aten.mkldnn_rnn_layer_backward(
                *(x, *weights, h, c, y, h_new, c_new, dy_part.view_as(y), dh, dc),
                *(False, MODE, H, 1, True, True, False, [], False, workspace),
            )
            dx.append(d.view(-1, D + 1))
            for sum_, term in zip(total, (d_ih, d_hh, d_bias), strict=True):
                sum_ += term
        d_x = torch.cat(dx[::-1])[at, :D].view(*dy.shape[:2], D)
        d_start = [runs.grad_initial_state(d, dy[0]) for d in (dh, dc)]
        return d_x, *d_start, None, total[0][:, :D], *total[1:]


def can_fuse(x: Tensor, *others: Tensor) -> bool:
    """Return whether oneDNN's operators, which torch uses but does not document, are there and fit.

    Not under the compiler or autocast: the number of calls is one of the data, and oneDNN's LSTM has one precision.
    """
    return (
        not torch.compiler.is_compiling()
        and not is_transformed(x, *others)
        and len(x) >= MIN_CALLS
        and all(a.device.type == "cpu" and a.dtype == torch.float32 for a in (x, *others))
        and torch.backends.mkldnn.is_available()
        and not torch.is_autocast_enabled("cpu")
        and all(hasattr(torch.ops.aten, name) for name in ("mkldnn_rnn_layer", "mkldnn_rnn_layer_backward"))
    )
