"""The recurrence of elementwise.py by the letter, left to autograd."""

import torch
from torch import Tensor


def elementwise_loop_reference(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, activation: str) -> Tensor:
    """Run equation (1) step by step; pairs are multiplied by hand."""
    outputs = []
    for gates_t, first_t in zip(gates, first, strict=True):
        h = torch.where(first_t.view(-1, *[1] * (h.dim() - 1)), 0, h)
        if h.dim() == 3:
            r_re, r_im = weight.unbind(-1)
            h_re, h_im = h.unbind(-1)
            h = torch.stack([r_re * h_re - r_im * h_im, r_re * h_im + r_im * h_re], -1)
        else:
            h = weight * h
        h = {"relu": torch.relu, "tanh": torch.tanh}[activation](gates_t + h)
        outputs.append(h)
    return torch.stack(outputs)
