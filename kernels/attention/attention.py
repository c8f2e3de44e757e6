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

There is one backend beside the reference, for every device; on a GPU its products are cuBLAS's. torch's own attention
was left alone: with a mask it takes no flash kernel, mask and bias would have to stand as [B, H, T, W + T], and with
`flex_attention`, which needs neither but has to be compiled, as with any that sums p v over keys which are hidden, a
weight of 0 lets what is not finite through. Neither was raced on a GPU.
"""

from torch import Tensor

from memorl.kernels.common.backend import choose

from .reference import window_attention_reference
from .torch_chunks import window_attention_torch


def window_attention(
    q: Tensor, k: Tensor, v: Tensor, reach: Tensor, bias: Tensor | None = None, backend: str = "auto"
) -> Tensor:
    """Attend to the window of each query, equations (1) and (2).

    Args:
        q: Queries, [B, H, T, E].
        k: Keys of the W stored steps and of the queries' own, [B, H, W + T, E].
        v: Values, [B, H, W + T, E].
        reach: How many keys back each query may see besides itself, [B, T]; what is above W counts as W.
        bias: b of (1) by distance, [B, H, T, W + 1]; None is 0.
        backend: "reference", "torch" or "auto".

    Returns:
        y, [B, H, T, E]. Differentiable, once, in all but `reach`. What is not finite reaches the queries that see it,
        as NaN, and no others (under `torch.func` all of the row).
    """
    if choose(backend, q, k, v, *([] if bias is None else [bias]), triton=False) == "reference":
        return window_attention_reference(q, k, v, reach, bias)
    return window_attention_torch(q, k, v, reach, bias)
