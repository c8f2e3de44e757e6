"""The measures of HiPPO: the matrices that write the coefficients, and the functions that read the past off them.

HiPPO (Gu et al., 2020, https://arxiv.org/abs/2008.07669) keeps the coefficients c of the best approximation of a
signal f under a measure. With n and m from 0 to N - 1, b_n = sqrt(2 n + 1), s_n = (-1)^n, and time in units of theta,

    dc/dt = -A c + B f        (legs: divided by t)                                                      (1)

| measure | weighs                        | A_nm                                     | B_n      | f(p) = sum c_n times |
|---------|-------------------------------|------------------------------------------|----------|----------------------|
| legs    | the whole past alike          | b_n b_m below, n + 1 on the diagonal     | b_n      | b_n P_n(2 p - 1)     |
| legt    | the last theta steps alike    | b_n b_m {1 if m <= n; s_n s_m if m > n}  | b_n      | b_n P_n(2 p - 1)     |
| lmu     | the same, scaled otherwise    | (2 n + 1) {s_n s_m if m <= n; 1 if m > n} | b_n^2 s_n | s_n P_n(2 p - 1)   |
| lagt    | e^{-age / theta}              | 1 for m <= n                             | 1        | L_n(1 - p)           |
| fout    | the last theta steps alike    | 2 F F' - D                               | 2 F      | 1, cos, sin          |

p is a place in the remembered span: 0 its oldest moment, 1 the newest. For legs the span is the episode; for the others
it is theta steps (lagt remembers what is older too, ever more faintly). P_n and L_n are the polynomials of Legendre and
Laguerre; fout has F = (1, 0, sqrt 2, 0, sqrt 2, 0, ...), D the rotation by 2 pi j of its j-th pair, and the functions
sqrt 2 cos and sin of 2 pi j (1 - p). (Its second coefficient is always 0, so N is even.)

The Fourier measure is that of `How to train your HiPPO` (Gu et al., 2022, https://arxiv.org/abs/2206.12037): the one in
the appendix of the 2020 paper converges to the mean of f now and theta ago. lmu is the scaling of Legendre Memory Units
(Voelker et al., 2019). lagt is the form of the paper's theorem 1 with alpha = 0, beta = 1.

In all five A e_0 = B, so that one step is c' = f e_0 + M (c - f e_0) with M an approximation of e^{-A / theta}:

    euler I - d A,   backward_euler (I + d A)^-1,   bilinear (I + d/2 A)^-1 (I - d/2 A),   zoh e^{-d A},   d = 1 / theta
"""

import torch
from torch import Tensor

from .legs import orthonormal

MEASURES = ("legs", "legt", "lmu", "lagt", "fout")


def matrices(measure: str, order: int) -> tuple[Tensor, Tensor]:
    """Return A [N, N] and B [N] of the table, in float64."""
    n = torch.arange(order, dtype=torch.float64)
    b = (2 * n + 1).sqrt()
    s = 1 - 2 * (n % 2)
    lower = (n[:, None] >= n).double()
    if measure == "legs":
        return torch.outer(b, b).tril(-1) + (n + 1).diag(), b
    if measure == "legt":
        return torch.outer(b, b) * (lower + (1 - lower) * torch.outer(s, s)), b
    if measure == "lmu":
        return (b**2)[:, None] * (lower * torch.outer(s, s) + (1 - lower)), b**2 * s
    if measure == "lagt":
        return lower, torch.ones_like(n)
    F = (1 - n % 2) * 2**0.5
    F[0] = 1
    rotation = 2 * torch.pi * (n[:-1] // 2) * (1 - n[:-1] % 2)
    return 2 * torch.outer(F, F) - (rotation.diag(-1) - rotation.diag(1)), 2 * F


def functions(measure: str, order: int, points: Tensor) -> Tensor:
    """Return the functions of the last column of the table at places p [P], [P, N], in float64."""
    p = points.double()
    n = torch.arange(order, dtype=torch.float64, device=p.device)
    if measure in ("legs", "legt"):
        return orthonormal(p, order)
    if measure == "lmu":
        return orthonormal(p, order) * (1 - 2 * (n % 2)) / (2 * n + 1).sqrt()
    if measure == "lagt":
        age = 1 - p
        L = [torch.ones_like(p), p]
        for i in range(1, order - 1):
            L.append(((2 * i + 1 - age) * L[i] - i * L[i - 1]) / (i + 1))
        return torch.stack(L[:order], -1)
    angle = 2 * torch.pi * (1 - p)[:, None] * n[: order // 2]
    waves = 2**0.5 * torch.stack([angle.cos(), angle.sin()], -1).flatten(1)
    waves[:, :2] = torch.tensor([1.0, 0.0])
    return waves


def discretise(A: Tensor, d: float, scheme: str) -> Tensor:
    """Return M of a step of d, by one of the four schemes above."""
    eye = torch.eye(len(A), dtype=A.dtype)
    if scheme == "zoh":
        return torch.linalg.matrix_exp(-d * A)
    implicit = {"euler": 0.0, "backward_euler": d, "bilinear": d / 2}[scheme]
    return torch.linalg.solve(eye + implicit * A, eye - (d - implicit) * A)
