"""The first-order linear recurrence over a whole sequence, real or complex, with episode starts inside the loop.

Legend: T time, B batch, N units. A complex number is a pair in a last dimension of size 2.

    h_t = a_t h_{t-1} + b_t,   h_{t-1} = 0 where first                          (1)

Backward, with e = dL/dh from outside and the bar for the complex conjugate:

    d_t = e_t + conj(a_{t+1}) d_{t+1},   the last term 0 where first at t + 1     (2)
    db_t = d_t,   da_t = conj(h_{t-1}) d_t,   dL/dh_0 = conj(a_1) d_1 or 0        (3)

Both loops are one multiply-add a step, and da is made for a block of steps at once, while they are in the cache. (2)
is run on the conjugates, where it reads as (1) backwards in time.
Cost: 2 T B N multiply-adds in the loops (four times that for pairs); nothing is kept but a and h.
"""

import torch
from torch import Tensor

from .backend import FLOATS, choose
from .starts import IN_CACHE, numbers, starts, wipe_


def diag_scan_reference(a: Tensor, b: Tensor, h: Tensor, first: Tensor) -> Tensor:
    """Equation (1), step by step, left to autograd; pairs are multiplied by hand."""
    outputs = []
    for a_t, b_t, first_t in zip(a, b, first, strict=True):
        h = torch.where(first_t.view(-1, *[1] * (h.dim() - 1)), 0, h)
        if h.dim() == 3:
            (a_re, a_im), (h_re, h_im) = a_t.unbind(-1), h.unbind(-1)
            h = torch.stack([a_re * h_re - a_im * h_im, a_re * h_im + a_im * h_re], -1) + b_t
        else:
            h = a_t * h + b_t
        outputs.append(h)
    return torch.stack(outputs)


@torch.library.custom_op("memorl::diag_scan", mutates_args=())
def _forward(a: Tensor, b: Tensor, h: Tensor, first: Tensor, compiled: bool) -> Tensor:
    if compiled:
        from .diag_compiled import forward

        return forward(a, b, h, first)
    y = torch.empty_like(b, memory_format=torch.contiguous_format)
    a, b, h, out = numbers(a, 4), numbers(b.contiguous(), 4), numbers(h.contiguous(), 3), numbers(y, 4)
    for a_t, b_t, y_t, wiped in zip(a.unbind(0), b.unbind(0), out.unbind(0), starts(first), strict=True):
        h = torch.addcmul(b_t, a_t, h if wiped is None else h.index_fill(0, wiped, 0), out=y_t)
    return y


@_forward.register_fake
def _(a: Tensor, b: Tensor, h: Tensor, first: Tensor, compiled: bool) -> Tensor:
    return torch.empty_like(b, memory_format=torch.contiguous_format)


@torch.library.custom_op("memorl::diag_scan_backward", mutates_args=())
def _backward(
    dy: Tensor, a: Tensor, y: Tensor, h: Tensor, first: Tensor, compiled: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of a, b and h."""
    if compiled:
        from .diag_compiled import backward

        return backward(dy, a, y, h, first)
    db, da = dy.clone(memory_format=torch.contiguous_format), torch.empty_like(y)
    d, a, old, out = (numbers(x, 4) for x in (db, a, y, da))
    d_s, a_s, wiped = d.conj_physical_().unbind(0), a.unbind(0), starts(first)
    dh, block = torch.zeros_like(d_s[0]), max(1, IN_CACHE // d_s[0].numel())
    for end in range(len(d_s), 0, -block):
        begin = max(0, end - block)
        for t in range(end - 1, begin - 1, -1):
            to, rows = d_s[t - 1] if t else dh, wiped[t]
            if rows is None:
                to.addcmul_(a_s[t], d_s[t])
            else:
                to.add_((a_s[t] * d_s[t]).index_fill_(0, rows, 0))
        later = max(begin, 1)
        torch.mul(old[later - 1 : end - 1], d[later:end], out=out[later:end])
    torch.mul(numbers(h.contiguous(), 3), d[0], out=out[0])
    wipe_(out.flatten(0, 1), first.flatten())
    for x in (d, out, dh):
        x.conj_physical_()
    return da, db, torch.view_as_real(dh) if dh.is_complex() else dh


@_backward.register_fake
def _(dy: Tensor, a: Tensor, y: Tensor, h: Tensor, first: Tensor, compiled: bool) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(y), torch.empty_like(y), torch.empty_like(h, memory_format=torch.contiguous_format)


def _save(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    a, _, h, first, ctx.compiled = inputs
    ctx.save_for_backward(a, output, h, first)


def _differentiate(ctx, dy: Tensor):  # type: ignore[no-untyped-def]
    return *_backward(dy, *ctx.saved_tensors, ctx.compiled), None, None


_forward.register_autograd(_differentiate, setup_context=_save)


def diag_scan(a: Tensor, b: Tensor, h: Tensor, first: Tensor, backend: str = "auto") -> Tensor:
    """Run the linear recurrence, equation (1).

    Args:
        a: What the state is multiplied by, [T, B, N], or [T, B, N, 2] for complex numbers; may be expanded.
        b: What is added, of the same shape.
        h: The state before the first step, [B, N] or [B, N, 2].
        first: True where a step begins an episode, [T, B], bool.
        backend: "reference", "loop", "compiled" (by Numba, on a CPU), "triton" (a GPU from Ampere on), or "auto".

    Returns:
        The state after every step, of the shape of b. Differentiable, once, in all but `first`.

    Raises:
        ValueError: If the shapes do not fit, or the backend is unknown or cannot run on these tensors.
    """
    if a.shape != b.shape or h.shape != b.shape[1:] or first.shape != b.shape[:2]:
        shapes = ", ".join(str(tuple(x.shape)) for x in (a, b, h, first))
        raise ValueError(f"a, b, h and first have shapes {shapes}; expected [T, B, N] twice, [B, N] and [T, B]")
    form = choose(backend, b, a, h, compiled=FLOATS)
    if form == "reference":
        return diag_scan_reference(a, b, h, first)
    if form == "triton":
        from .diag_triton import diag_scan_triton

        return diag_scan_triton(a, b, h, first)
    return _forward(a, b, h, first, form == "compiled")
