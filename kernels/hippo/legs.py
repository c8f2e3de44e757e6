"""The transition matrices of LegS from one sample to the next, for any number of samples k.

The scaled Legendre measure of HiPPO (Gu et al., 2020, https://arxiv.org/abs/2008.07669, eq. 3) weighs the whole past
alike, dc/dt = (B f - A c) / t. Its matrix, with b_n = sqrt(2 n + 1), n and m from 0 to N - 1, is

    A_nm = b_n b_m below the diagonal,  n + 1 on it,  0 above;      B_n = b_n.

Since A e_0 = B, every scheme that takes in the sample f after k others is one map,

    c' = f e_0 + M_k (c - f e_0),    M_0 = 0                                                      (1)

and they differ in M_k alone, with d = 1 / k:

    euler            I - d A                                                                      (2)
    backward_euler   (I + d A)^-1                                                                 (3)
    bilinear         (I + d/2 A)^-1 (I - d/2 A) = 2 (I + d/2 A)^-1 - I                            (4)
    zoh              (k / (k + 1))^A                                                              (5)

(2) to (4) are those of the paper's code; its appendix B.3 has 1 / (k + 1) in the implicit part, which does not leave a
constant alone. (5) holds f between samples and is exact: c is the Legendre projection of the steps, to rounding.

A is a running sum, so I + h A is solved in O(N) by a recurrence over n, and its inverse has entries in closed form,

    (I + h A)^-1_nm = -h (b_n / q_n) (b_m / q_m) prod_{m < j < n} (1 - j h) / q_j   below the diagonal,  1 / q_n on it,
    q_n = 1 + (n + 1) h                                                                           (6)

whose factors are at most 1 in size. (5) stretches polynomials: with p_n(s) = b_n P_n(2 s - 1) orthonormal on [0, 1],
and r = k / (k + 1),

    (r^A)_nm = r int_0^1 p_m(s) p_n(r s) ds,   exact by Gauss-Legendre quadrature with N nodes    (7)
"""

from functools import lru_cache

import torch
from torch import Tensor

SCHEMES = ("euler", "backward_euler", "bilinear", "zoh")


def legs_transition(k: Tensor, order: int, scheme: str) -> Tensor:
    """Return M_k of equations (2) to (5).

    Args:
        k: The number of samples before the step, [U], floating.
        order: N.
        scheme: One of `SCHEMES`.

    Returns:
        [U, N, N], in the type of `k`; zero where k is.
    """
    if scheme == "zoh":
        transition = _stretch(k.double() / (k.double() + 1), order).to(k.dtype)
    else:
        transition = _rational(1 / k.clamp_min(1), order, scheme)
    return transition.mul_((k > 0)[:, None, None])


def _rational(d: Tensor, order: int, scheme: str) -> Tensor:
    """Return M_k of equations (2) to (4), for steps d [U]."""
    n, b, eye, below, far = _constants(order, d.dtype, d.device)
    d = d[:, None]
    if scheme == "euler":
        return eye - d[..., None] * (torch.outer(b, b) * below + (n + 1).diag())
    h = d if scheme == "backward_euler" else d / 2
    q = 1 + (n + 1) * h  # [U, N]
    ratio = ((1 - n * h) / q).roll(1, 1)
    between = torch.where(far, ratio[..., None], 1.0).cumprod(1)  # the product over m < j < n, at [n, m]
    inverse = between.mul_((-h * b / q)[..., None]).mul_((b / q)[:, None]).mul_(below)
    inverse.diagonal(dim1=1, dim2=2).copy_(1 / q)
    return inverse if scheme == "backward_euler" else inverse.mul_(2).sub_(eye)


@lru_cache
def _constants(order: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return n, b_n, the unit matrix, the mask where n is above m, and the mask where n is above m + 1."""
    n = torch.arange(order, dtype=dtype, device=device)
    return n, (2 * n + 1).sqrt(), torch.eye(order, dtype=dtype, device=device), n[:, None] > n, n[:, None] > n + 1


def _stretch(r: Tensor, order: int) -> Tensor:
    """Return r^A of equation (7), for ratios r [U] in float64."""
    s, weighted = (x.to(r.device) for x in _quadrature(order))
    return r[:, None, None] * (orthonormal(r[:, None] * s, order).mT @ weighted)


@lru_cache
def _quadrature(order: int) -> tuple[Tensor, Tensor]:
    """Return the Gauss-Legendre nodes on [0, 1], and p_n there times the weights (Golub and Welsch, 1969)."""
    j = torch.arange(1, order, dtype=torch.float64)
    off = j / (4 * j * j - 1).sqrt()
    nodes, vectors = torch.linalg.eigh(off.diag(1) + off.diag(-1))
    s = (nodes + 1) / 2
    return s, orthonormal(s, order) * (vectors[0] ** 2)[:, None]


def orthonormal(s: Tensor, order: int) -> Tensor:
    """Return p_n(s) = b_n P_n(2 s - 1), n below `order`, [..., N], by the recurrence of Legendre's polynomials."""
    x = 2 * s - 1
    p = [torch.ones_like(x), x]
    for i in range(1, order - 1):
        p.append(((2 * i + 1) * x * p[i] - i * p[i - 1]) / (i + 1))
    n = torch.arange(order, dtype=s.dtype, device=s.device)
    return torch.stack(p[:order], -1) * (2 * n + 1).sqrt()
