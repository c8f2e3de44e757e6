"""Attention over a window by the letter of attention.py, left to autograd."""

import torch
from torch import Tensor


def window_weights(q: Tensor, k: Tensor, reach: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return p of (2), [B, H, T, W + T], by the letter of (1); arguments as in `window_attention`."""
    T = q.shape[2]
    W = k.shape[2] - q.shape[2]
    logits = q @ k.transpose(2, 3) * q.shape[3] ** -0.5
    distance = W + torch.arange(T, device=q.device)[:, None] - torch.arange(W + T, device=q.device)
    if bias is not None:
        logits = logits + bias.gather(3, distance.clamp(0, W).expand(logits.shape))
    visible = (distance >= 0) & (distance <= W) & (distance <= reach[:, None, :, None])
    return logits.masked_fill(~visible, float("-inf")).softmax(-1)


def window_attention_reference(q: Tensor, k: Tensor, v: Tensor, reach: Tensor, bias: Tensor | None = None) -> Tensor:
    """Attend over all keys, equation (2)."""
    return window_weights(q, k, reach, bias) @ v
