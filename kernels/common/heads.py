"""Recurrences in heads: a unit sees only those of its own head, so the weight has as many blocks as there are heads.

(Block-diagonal memory mixing, as in FlashRNN: Poeppel, Beck and Hochreiter, 2024, https://arxiv.org/abs/2412.07752.)

Legend: G gates, K heads, U units of a head, H = K U units, R rows. The weight is [G H, U]: row (g K + k) U + i says how
gate g of unit i of head k sees the U units of head k. One head is the whole matrix, [G H, H].

    (W h)[g, k, i] = sum over j of W[g, k, i, j] h[k, j]                                           (1)

A product costs 2 R G H U FLOP, a K-th of that with one head. With several it is one batched product over the heads.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .repeated_linear import Product, repeated_linear


def count(weight: Tensor, H: int) -> int:
    """Return the number K of heads of a weight for H units.

    Raises:
        ValueError: If there is no such K.
    """
    if weight.dim() != 2 or weight.shape[0] % H or H % weight.shape[1]:
        raise ValueError(f"weight has shape {tuple(weight.shape)}; for {H} units it must be [gates * {H}, {H} / heads]")
    return H // weight.shape[1]


def blocks(weight: Tensor, H: int) -> Tensor:
    """Return the weight as [G, K, U, U]."""
    return weight.unflatten(0, (-1, count(weight, H), weight.shape[1]))


def linear(h: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return W h, equation (1), plus a bias [G H], for h [R, H]; differentiable."""
    if count(weight, h.shape[1]) == 1:
        return F.linear(h, weight, bias)
    W = blocks(weight, h.shape[1])
    y = torch.einsum("rkj,gkij->rgki", h.unflatten(1, W.shape[1:3]), W).flatten(1)
    return y if bias is None else y + bias


def grad_weight(d: Tensor, h: Tensor, weight: Tensor) -> Tensor:
    """Return the gradient of the weight from d [R, G H], that of (1), and h [R, H]; d may be of some gates only."""
    K = count(weight, h.shape[1])
    if K == 1:
        return d.t() @ h
    by_gate = d.unflatten(1, (-1, K, weight.shape[1])).permute(1, 2, 3, 0)  # a product each, so that nothing is copied
    h_by_head = h.unflatten(1, (K, -1)).transpose(0, 1)
    return torch.cat([torch.bmm(gate, h_by_head).flatten(0, 1) for gate in by_gate])


def repeated_product(weight: Tensor, H: int, rows: int, calls: int) -> Product:
    """Return a function that computes W h + b, equation (1), again and again; see `repeated_linear`."""
    if count(weight, H) == 1:
        return repeated_linear(weight, rows, calls)
    return _product_by_head(blocks(weight, H).permute(1, 0, 3, 2)[:, None])


def repeated_product_back(weight: Tensor, H: int, rows: int, calls: int) -> Product:
    """Return a function that computes d W + b again and again, for d [R, G H] and b [R, H]."""
    if count(weight, H) == 1:
        return repeated_linear(weight.t(), rows, calls)
    return _product_by_head(blocks(weight, H).transpose(0, 1)[:, :, None])


def _product_by_head(matrices: Tensor) -> Product:
    """Return a function that computes x M + b [R, Q K U] for x [R, P K U], with matrices M [K, P, Q, U, U]."""
    K, P, Q, U, _ = matrices.shape
    M = matrices.transpose(2, 3).reshape(K, P * U, Q * U)

    def product(x: Tensor, b: Tensor | None, out: Tensor) -> Tensor:
        x_by_head = x.unflatten(1, (P, K, U)).permute(2, 0, 1, 3).reshape(K, len(x), P * U)
        y = torch.bmm(x_by_head, M, out=x.new_empty(K, len(x), Q * U))  # with `out` autocast changes nothing
        y = y.unflatten(2, (Q, U)).permute(1, 2, 0, 3)
        places = out.unflatten(1, (Q, K, U))
        if b is None:
            places.copy_(y)
        else:
            torch.add(y, b.unflatten(-1, (Q, K, U)), out=places)
        return out

    return product
