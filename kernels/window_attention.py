"""Attention over a sliding window of the own episode, in chunks of queries.

Legend: T queries, W window, B batch, H heads, E size of a head, D = H E.

Query t stands at key W + t, and may look back over n_t = min(W, steps since its episode began) keys, itself besides:

    d = W + t - s                                            distance from query t to key s
    l_ts = q_t . k_s / sqrt(E) + b_t(d)                      where 0 <= d <= n_t, -inf elsewhere     (1)
    y_t = sum_s p_ts v_s,   p_t = softmax(l_t)                                                       (2)

A query always sees itself, so no row of (1) is empty. Taken at once, (1) has T (W + T) entries, of which T (W + 1)
count; in chunks of C queries, each against the W + C keys before and in it, it has T (W + C), and only C (W + C) of
them stand at a time. Backward makes p again, and with e = dL/dy:

    dL/dl_ts = p_ts (e_t . v_s - e_t . y_t)                                                          (3)

There is one form, for every device; on a GPU its products are cuBLAS's. torch's own attention was left alone: with a
mask it takes no flash kernel, mask and bias would have to stand as [B, H, T, W + T], and with `flex_attention`, which
needs neither but has to be compiled, as with any that sums p v over keys which are hidden, a weight of 0 lets what is
not finite through. Neither was raced on a GPU.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from .backend import is_transformed
from .starts import wipe_

CHUNK = 64
"""Queries of a chunk, C."""


def window_weights(q: Tensor, k: Tensor, reach: Tensor, bias: Tensor | None = None) -> Tensor:
    """p of (2), [B, H, T, W + T], by the letter of (1); arguments as in `window_attention`."""
    T, W = q.shape[2], k.shape[2] - q.shape[2]
    logits = q @ k.transpose(2, 3) * q.shape[3] ** -0.5
    distance = W + torch.arange(T, device=q.device)[:, None] - torch.arange(W + T, device=q.device)
    if bias is not None:
        logits = logits + bias.gather(3, distance.clamp(0, W).expand(logits.shape))
    visible = (distance >= 0) & (distance <= W) & (distance <= reach[:, None, :, None])
    return logits.masked_fill(~visible, float("-inf")).softmax(-1)


def window_attention_reference(q: Tensor, k: Tensor, v: Tensor, reach: Tensor, bias: Tensor | None = None) -> Tensor:
    """Equation (2) over all keys, left to autograd."""
    return window_weights(q, k, reach, bias) @ v


def _chunks(q: Tensor, k: Tensor, reach: Tensor, bias: Tensor | None) -> Iterator[tuple[slice, slice, Tensor]]:
    """The queries, the keys and p of every chunk, for q and k [B H, ..., E]; p is [B H, C, W + C]."""
    (BH, T, E), B = q.shape, len(reach)
    W = k.shape[1] - T
    for a in range(0, T, CHUNK):
        b = min(a + CHUNK, T)
        queries, keys = slice(a, b), slice(a, b + W)
        p = torch.bmm(q[:, queries], k[:, keys].transpose(1, 2)).mul_(E**-0.5)
        if bias is not None:
            p += _by_key(bias[:, queries])
        distance = torch.arange(W, b - a + W, device=q.device)[:, None] - torch.arange(b - a + W, device=q.device)
        hidden = (distance < 0) | (distance > reach[:, queries, None].clamp(max=W))
        p.view(B, BH // B, *p.shape[1:]).masked_fill_(hidden[:, None], float("-inf"))
        yield queries, keys, torch.softmax(p, -1)


def _by_key(x: Tensor) -> Tensor:
    """From distances to keys, [..., C, W + 1] -> [..., C, W + C]: row c, backwards, begins at key c; the rest is 0."""
    C = x.shape[-2]
    wide = F.pad(x.flip(-1), (0, C))  # one entry more than there are keys, so that each row begins one key later
    return wide.flatten(-2)[..., :-C].unflatten(-1, (C, -1))


def _by_distance(x: Tensor, W: int) -> Tensor:
    """From keys to distances, [..., C, W + C] -> [..., C, W + 1]: what `_by_key` did, undone."""
    C = x.shape[-2]
    return F.pad(x.flatten(-2), (0, C)).unflatten(-1, (C, -1))[..., : W + 1].flip(-1)


def _sees_lost(v: Tensor, reach: Tensor) -> Tensor:
    """Whether one of the values v [B H, W + T, E] that a query sees is not finite, [B H, T]."""
    (BH, S, _), (B, T) = v.shape, reach.shape
    lost = F.pad((~v.abs().amax(2).isfinite()).cumsum(1), (1, 0))  # before each key; a mask of v itself is slow
    end = torch.arange(S - T, S, device=v.device)
    begin = (end - reach.clamp(max=S - T).long()).repeat_interleave(BH // B, 0)
    return lost.gather(1, begin) != lost[:, end + 1]


@torch.library.custom_op("memorl::window_attention", mutates_args=())
def _forward(q: Tensor, k: Tensor, v: Tensor, reach: Tensor, bias: Tensor | None) -> Tensor:
    heads = q.shape[:2]
    q, k, v = (x.flatten(0, 1) for x in (q, k, v))
    bias = None if bias is None else bias.flatten(0, 1)
    y, spoilt = torch.empty_like(q, memory_format=torch.contiguous_format), _sees_lost(v, reach)
    v = v.nan_to_num(0, 0, 0)  # or those who weigh it with 0 would see it
    with torch.autocast(q.device.type, enabled=False):
        for queries, keys, p in _chunks(q, k, reach, bias):
            y[:, queries] = torch.bmm(p, v[:, keys])
    wipe_(y.flatten(0, 1), spoilt.flatten(), float("nan"))
    return y.unflatten(0, heads)


@_forward.register_fake
def _(q: Tensor, k: Tensor, v: Tensor, reach: Tensor, bias: Tensor | None) -> Tensor:
    return q.new_empty(q.shape)


@torch.library.custom_op("memorl::window_attention_backward", mutates_args=())
def _backward(
    e: Tensor, y: Tensor, q: Tensor, k: Tensor, v: Tensor, reach: Tensor, bias: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of q, k, v and the bias (empty where there is none)."""
    heads, scale = q.shape[:2], q.shape[3] ** -0.5
    e, y, q, k, v = (x.flatten(0, 1) for x in (e, y, q, k, v))
    bias = None if bias is None else bias.flatten(0, 1)
    W, clean_k, clean_v = k.shape[1] - q.shape[1], k.nan_to_num(0, 0, 0), v.nan_to_num(0, 0, 0)
    inner = (e * y).sum(-1, keepdim=True)
    dq, dk, dv = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
    dbias = q.new_empty(0) if bias is None else torch.empty_like(bias)
    for queries, keys, p in _chunks(q, k, reach, bias):
        dv[:, keys].baddbmm_(p.transpose(1, 2), e[:, queries])
        dl = torch.bmm(e[:, queries], clean_v[:, keys].transpose(1, 2)).sub_(inner[:, queries]).mul_(p)  # (3)
        if bias is not None:
            dbias[:, queries] = _by_distance(dl, W)
        dq[:, queries] = torch.bmm(dl, clean_k[:, keys]).mul_(scale)
        dk[:, keys].baddbmm_(dl.transpose(1, 2), q[:, queries], alpha=scale)
    dq, dk, dv = (x.unflatten(0, heads) for x in (dq, dk, dv))
    return dq, dk, dv, dbias if bias is None else dbias.unflatten(0, heads)


@_backward.register_fake
def _(
    e: Tensor, y: Tensor, q: Tensor, k: Tensor, v: Tensor, reach: Tensor, bias: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    dbias = q.new_empty(0) if bias is None else bias.new_empty(bias.shape)
    return q.new_empty(q.shape), k.new_empty(k.shape), v.new_empty(v.shape), dbias


def _save(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    q, k, v, reach, bias = inputs
    ctx.save_for_backward(output, q, k, v, reach, bias)


def _differentiate(ctx, e: Tensor):  # type: ignore[no-untyped-def]
    *_, bias = ctx.saved_tensors
    with torch.autocast(e.device.type, enabled=False):
        dq, dk, dv, dbias = _backward(e, *ctx.saved_tensors)
    return dq, dk, dv, None, None if bias is None else dbias


_forward.register_autograd(_differentiate, setup_context=_save)


def window_attention(q: Tensor, k: Tensor, v: Tensor, reach: Tensor, bias: Tensor | None = None) -> Tensor:
    """Attend, equations (1) and (2).

    Args:
        q: Queries, [B, H, T, E].
        k: Keys of the W stored steps and of the queries' own, [B, H, W + T, E].
        v: Values, [B, H, W + T, E].
        reach: How many keys back each query may see besides itself, [B, T]; what is above W counts as W.
        bias: b of (1) by distance, [B, H, T, W + 1]; None is 0.

    Returns:
        y, [B, H, T, E]. Differentiable, once, in all but `reach`. What is not finite reaches the queries that see it,
        as NaN, and no others (under `torch.func` all of the row).
    """
    if is_transformed(q, k, v, bias):
        return window_attention_reference(q, k, v, reach, bias)
    return _forward(q, k, v, reach, bias)
