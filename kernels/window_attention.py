"""Attention over a sliding window of the own episode, in chunks of queries, and of a single query.

Legend: T queries, W window, B batch, H heads, E size of a head, D = H E; C queries of a chunk, S keys that it sees.

Query t stands at key W + t, and may look back over n_t = min(W, steps since its episode began) keys, itself besides:

    d = W + t - s                                            distance from query t to key s
    l_ts = q_t . k_s / sqrt(E) + b_t(d)                      where 0 <= d <= n_t, -inf elsewhere     (1)
    y_t = sum_s softmax_s(l_t) v_s                                                                   (2)

A query always sees itself, so no row of (1) is empty. With T queries at once, (1) has T (W + T) entries of which
T (W + 1) count. In chunks of C queries, each against the chunks that its window touches, the cost grows with T W:
S = C (1 + ceil(W / C)) keys a query instead of W + T. All of it is bounded by shapes, so it compiles once.

One query against a window that is stored unprojected, z [W + 1, D] with k = K z, v = V z, needs no projection of the
window. Both matrices go to the other side, where there is one vector a head instead of W + 1:

    q . K z_s = (K' q) . z_s,       sum_s p_s V z_s = V (sum_s p_s z_s)                              (3)

which is 4 W H D + 4 D^2 FLOP instead of 4 W D^2, for W = 119, D = 384, H = 4 a fiftieth.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

CHUNK = 64
"""Queries of a chunk."""


def window_weights(q: Tensor, k: Tensor, reach: Tensor, bias: Tensor | None = None) -> Tensor:
    """The weights of (2), by the letter of (1), [B, H, T, W + T]; arguments as in `window_attention`."""
    T, W = q.shape[2], k.shape[2] - q.shape[2]
    query, key = torch.arange(T, device=q.device), torch.arange(W + T, device=q.device)
    distance = W + query[:, None] - key
    logits = q @ k.transpose(2, 3) * q.shape[3] ** -0.5
    if bias is not None:
        logits = logits + bias.gather(3, distance.clamp(0, W).expand(logits.shape))
    visible = (distance >= 0) & (distance <= W) & (distance <= reach[:, None, :, None])
    return logits.masked_fill(~visible, float("-inf")).softmax(-1)


def window_attention_reference(q: Tensor, k: Tensor, v: Tensor, reach: Tensor, bias: Tensor | None = None) -> Tensor:
    """Equation (2) over all keys."""
    return window_weights(q, k, reach, bias) @ v


def window_attention(
    q: Tensor, k: Tensor, v: Tensor, reach: Tensor, bias: Tensor | None = None, chunk: int = CHUNK
) -> Tensor:
    """Attend, equations (1) and (2).

    Args:
        q: Queries, [B, H, T, E].
        k: Keys of the W stored steps and of the queries' own, [B, H, W + T, E].
        v: Values, [B, H, W + T, E].
        reach: How many keys back each query may see besides itself, [B, T]; never more than W.
        bias: b of (1) by distance, [B, H, T, W + 1]; None is 0.
        chunk: C.

    Returns:
        y, [B, H, T, E]. What is not finite reaches those queries that see it, and no others.
    """
    T, W = q.shape[2], k.shape[2] - q.shape[2]
    q, reach = q * q.shape[3] ** -0.5, reach[:, None, :, None]
    v = v.nan_to_num(0, 0, 0)  # whoever may see it has a logit that is not finite; the others weigh it with 0
    if T <= 2 * chunk:
        return _attend(q, k, v, reach, bias, W)
    behind, tail = -(-W // chunk), -T % chunk
    lead = behind * chunk - W
    q, reach, *skewed = (
        F.pad(x, (0, 0, 0, tail)).unflatten(2, (-1, chunk)) for x in (q, reach, *([] if bias is None else [bias]))
    )
    k, v = (_spans(F.pad(x, (0, 0, lead, tail)), chunk, behind) for x in (k, v))
    return _attend(q, k, v, reach, *skewed or [None], W, lead).flatten(2, 3)[:, :, :T]


def _attend(q: Tensor, k: Tensor, v: Tensor, reach: Tensor, bias: Tensor | None, W: int, lead: int = 0) -> Tensor:
    """(1) and (2) for C queries [..., C, E] and the keys and values from lead + W before the first, [..., S, E]."""
    logits = q @ k.transpose(-1, -2)
    if bias is not None:
        logits = logits + _skewed(bias, lead)
    query, key = torch.arange(q.shape[-2], device=q.device), torch.arange(k.shape[-2], device=q.device)
    distance = lead + W + query[:, None] - key
    visible = (distance >= 0) & (distance <= reach.clamp(max=W))
    return logits.masked_fill(~visible, float("-inf")).softmax(-1) @ v


def _spans(x: Tensor, C: int, behind: int) -> Tensor:
    """The keys that each chunk of queries sees: its own chunk and those `behind` it, [B, H, T / C, S, E]."""
    chunks = x.unflatten(2, (-1, C))
    count = chunks.shape[2] - behind
    return torch.cat([chunks[:, :, j : j + count] for j in range(behind + 1)], 3)


def _skewed(bias: Tensor, lead: int) -> Tensor:
    """From distances to keys, [..., C, W + 1] -> [..., C, S]: row c, backwards, begins at key lead + c."""
    C = bias.shape[-2]
    wide = F.pad(bias.flip(-1), (lead, C))  # one entry more than S, so that each row begins one key later
    return wide.flatten(-2)[..., :-C].unflatten(-1, (C, -1))


def window_step(
    q: Tensor, z: Tensor, k_weight: Tensor, v_weight: Tensor, reach: Tensor, bias: Tensor | None = None
) -> Tensor:
    """Attend with one query a row to a window that is stored unprojected, equation (3).

    Args:
        q: The query, [B, H, E].
        z: The window, the query's own step last, [B, W + 1, D]; finite where nobody sees it.
        k_weight: K of each head, [H, E, D].
        v_weight: V of each head, [H, E, D].
        reach: How many keys back the query may see, [B].
        bias: b of (1) by distance, [B, H, W + 1]; None is 0.

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
