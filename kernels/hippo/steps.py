"""One step of a HiPPO memory, and the matrices of many: shared by hippo.py and cell.py.

Legend: T time, B batch, C channels, N coefficients of each, k samples of its episode that a row has had.

    c' = u e_0 + M (c - u e_0)        M_k of legs.py for LegS, one matrix for the other measures     (1)

The M_k of the clocks that occur in a chunk of steps are made together, in O(N^2) each, and forgotten after it, so
that memory does not grow with the length of an episode, which has no maximum. `legs_step` takes O(N) a step, by the
recurrence over n, and is the reference: on a CPU its N operations on small tensors are the slower way.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from .legs import legs_transition

MAX_MATRIX_NUMBERS = 2**22
"""Most floats that the matrices of a chunk of steps may take."""


def legs_step(u: Tensor, c: Tensor, k: Tensor, scheme: str) -> Tensor:
    """Make one step of LegS in O(N), for u [B, C], c [B, C, N] and k [B]; zoh has no such form."""
    N = c.shape[2]
    d = (1 / k.clamp_min(1))[:, None]
    n = torch.arange(N, dtype=c.dtype, device=c.device)
    b = (2 * n + 1).sqrt()
    h = {"euler": 0.0, "backward_euler": 1.0, "bilinear": 0.5}[scheme] * d
    sums = (c * b).cumsum(-1) - c * b  # A c is b_n times this, and (n + 1) c_n
    x = c - (d - h)[..., None] * (sums * b + (n + 1) * c) + (d * u)[..., None] * b
    y = []
    total = torch.zeros_like(u)
    for i in range(N):
        y.append((x[..., i] - h * b[i] * total) / (1 + (i + 1) * h))
        total = total + b[i] * y[-1]
    start = torch.stack([u, *[torch.zeros_like(u)] * (N - 1)], -1)
    return torch.where((k > 0)[:, None, None], torch.stack(y, -1), start)


def step_reference(u: Tensor, c: Tensor, k: Tensor, transition: Tensor | None, scheme: str) -> Tensor:
    """Return c' of equation (1) for one step, u [B, C], c [B, C, N] and k [B], in O(N) where there is such a form."""
    if transition is None and scheme != "zoh":
        return legs_step(u, c, k, scheme)
    move = legs_transition(k, c.shape[2], scheme) if transition is None else transition
    sample = torch.nn.functional.pad(u[..., None], (0, c.shape[2] - 1))
    return sample + (c - sample) @ move.mT


def transition_matrices(
    k: Tensor, sizes: list[int], transition: Tensor | None, scheme: str, like: Tensor, backward: bool = False
) -> Iterator[Tensor]:
    """Yield M^T of every step, [N, N] or [runs, N, N], or M itself from the last step to the first.

    Args:
        k: Samples before, in the order of computation, [T B].
        sizes: How many of these belong to each step.
        transition: M, [N, N]; None for LegS.
        scheme: The scheme of LegS.
        like: Any tensor [..., N] of the type of the result.
        backward: Whether to yield M from the last step to the first.
    """
    if transition is not None:
        yield from [transition if backward else transition.mT] * len(sizes)
        return
    N = like.shape[-1]
    clocks = k.to(like.dtype).split(sizes)
    steps = max(1, MAX_MATRIX_NUMBERS // (sizes[0] * N * N))
    starts = range(0, len(sizes), steps)
    for start in reversed(starts) if backward else starts:
        chunk = clocks[start : start + steps]
        if len(chunk) == 1:
            distinct = chunk[0]
            indices = [None]
        else:
            distinct, index = torch.cat(chunk).unique(return_inverse=True)
            indices = index.split([len(part) for part in chunk])
        table = legs_transition(distinct, N, scheme)
        table = table if backward else table.mT.contiguous()
        for i in reversed(indices) if backward else indices:
            yield table if i is None else table[i]


def forward_step(u: Tensor, c: Tensor, move: Tensor, out: Tensor) -> Tensor:
    """Write c' of equation (1) to `out`, for u [runs, C] and c [runs, C, N]."""
    c = c.clone()
    c[..., 0] -= u
    torch.matmul(c, move, out=out)
    out[..., 0] += u
    return out


def backward_step(d: Tensor, move: Tensor, du: Tensor) -> Tensor:
    """Return dL/dc of d [runs, C, N], and write dL/du to `du`; equations (2) and (3) of hippo.py."""
    carry = d @ move
    torch.sub(d[..., 0], carry[..., 0], out=du)
    return carry


def fake_loop(u: Tensor, c: Tensor, *_: Any) -> Tensor:
    """Return an empty tensor for the coefficients after every step, [T, B, C, N]."""
    return u.new_empty(*u.shape, c.shape[2])


def fake_loop_backward(dy: Tensor, *_: Any) -> tuple[Tensor, Tensor]:
    """Return empty tensors for the gradients of the samples and of the first coefficients."""
    return dy.new_empty(dy.shape[:3]), dy.new_empty(dy.shape[1:])
