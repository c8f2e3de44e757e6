"""The linear recurrences of scan.py and reverse.py by the letter, left to autograd."""

import torch
from torch import Tensor


def diag_scan_reference(a: Tensor, b: Tensor, h: Tensor, first: Tensor) -> Tensor:
    """Run equation (1) of scan.py step by step; pairs are multiplied by hand."""
    outputs = []
    for a_t, b_t, first_t in zip(a, b, first, strict=True):
        h = torch.where(first_t.view(-1, *[1] * (h.dim() - 1)), 0, h)
        if h.dim() == 3:
            a_re, a_im = a_t.unbind(-1)
            h_re, h_im = h.unbind(-1)
            h = torch.stack([a_re * h_re - a_im * h_im, a_re * h_im + a_im * h_re], -1) + b_t
        else:
            h = a_t * h + b_t
        outputs.append(h)
    return torch.stack(outputs)


def reverse_scan_reference(a: Tensor, b: Tensor) -> Tensor:
    """Run equation (1) of reverse.py step by step."""
    outputs = [torch.zeros_like(b[0])]
    for a_t, b_t in zip(a.flip(0), b.flip(0), strict=True):
        outputs.append(b_t + a_t * outputs[-1])
    return torch.stack(outputs[:0:-1])
