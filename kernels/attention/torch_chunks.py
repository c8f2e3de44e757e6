"""Attention over a window by torch's operators, equations (1) to (3) of attention.py, in chunks of queries."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from memorl.kernels.common.operators import Tensors4, differentiable, empty
from memorl.kernels.common.resets import zero_rows_

CHUNK = 64
"""Queries of a chunk, C."""


def _chunks(q: Tensor, k: Tensor, reach: Tensor, bias: Tensor | None) -> Iterator[tuple[slice, slice, Tensor]]:
    """Yield the queries, the keys and p of every chunk, for q and k [B H, ..., E]; p is [B H, C, W + C]."""
    BH, T, E = q.shape
    B = len(reach)
    W = k.shape[1] - T
    for a in range(0, T, CHUNK):
        b = min(a + CHUNK, T)
        queries = slice(a, b)
        keys = slice(a, b + W)
        p = torch.bmm(q[:, queries], k[:, keys].transpose(1, 2)).mul_(E**-0.5)
        if bias is not None:
            p += _by_key(bias[:, queries])
        distance = torch.arange(W, b - a + W, device=q.device)[:, None] - torch.arange(b - a + W, device=q.device)
        hidden = (distance < 0) | (distance > reach[:, queries, None].clamp(max=W))
        p.view(B, BH // B, *p.shape[1:]).masked_fill_(hidden[:, None], float("-inf"))
        yield queries, keys, torch.softmax(p, -1)


def _by_key(x: Tensor) -> Tensor:
    """Move from distances to keys, [..., C, W + 1] -> [..., C, W + C]: row c, backwards, begins at key c; else 0."""
    C = x.shape[-2]
    wide = F.pad(x.flip(-1), (0, C))  # one entry more than there are keys, so that each row begins one key later
    return wide.flatten(-2)[..., :-C].unflatten(-1, (C, -1))


def _by_distance(x: Tensor, W: int) -> Tensor:
    """Move from keys to distances, [..., C, W + C] -> [..., C, W + 1]: the inverse of `_by_key`."""
    C = x.shape[-2]
    return F.pad(x.flatten(-2), (0, C)).unflatten(-1, (C, -1))[..., : W + 1].flip(-1)


def _attends_to_nonfinite(v: Tensor, reach: Tensor) -> Tensor:
    """Return whether one of the values v [B H, W + T, E] that a query sees is not finite, [B H, T]."""
    BH, S, _ = v.shape
    B, T = reach.shape
    nonfinite = F.pad((~v.abs().amax(2).isfinite()).cumsum(1), (1, 0))  # before each key; a mask of v itself is slow
    end = torch.arange(S - T, S, device=v.device)
    begin = (end - reach.clamp(max=S - T).long()).repeat_interleave(BH // B, 0)
    return nonfinite.gather(1, begin) != nonfinite[:, end + 1]


def _forward(q: Tensor, k: Tensor, v: Tensor, reach: Tensor, bias: Tensor | None) -> Tensor:
    heads = q.shape[:2]
    q, k, v = (x.flatten(0, 1) for x in (q, k, v))
    bias = None if bias is None else bias.flatten(0, 1)
    y = torch.empty_like(q, memory_format=torch.contiguous_format)
    nonfinite = _attends_to_nonfinite(v, reach)
    v = v.nan_to_num(0, 0, 0)  # or those who weigh it with 0 would see it
    with torch.autocast(q.device.type, enabled=False):
        for queries, keys, p in _chunks(q, k, reach, bias):
            y[:, queries] = torch.bmm(p, v[:, keys])
    zero_rows_(y.flatten(0, 1), nonfinite.flatten(), float("nan"))
    return y.unflatten(0, heads)


def _backward(dy: Tensor, y: Tensor, q: Tensor, k: Tensor, v: Tensor, reach: Tensor, bias: Tensor | None) -> Tensors4:
    heads = q.shape[:2]
    scale = q.shape[3] ** -0.5
    e, y, q, k, v = (x.flatten(0, 1) for x in (dy, y, q, k, v))
    bias = None if bias is None else bias.flatten(0, 1)
    W = k.shape[1] - q.shape[1]
    clean_k = k.nan_to_num(0, 0, 0)
    clean_v = v.nan_to_num(0, 0, 0)
    inner = (e * y).sum(-1, keepdim=True)
    dq = torch.empty_like(q)
    dk = torch.zeros_like(k)
    dv = torch.zeros_like(v)
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


def _fake_backward(dy, y, q, k, v, reach, bias):  # type: ignore[no-untyped-def]
    return *empty(q, k, v), q.new_empty(0 if bias is None else bias.shape)


window_attention_torch = differentiable(
    "window_attention_torch", _forward, _backward, "q k v bias", fake_backward=_fake_backward
)
