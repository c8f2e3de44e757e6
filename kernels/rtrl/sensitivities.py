"""The sensitivities of real-time recurrent learning at the end of a chunk, for units that see only themselves.

(Williams and Zipser, 1989, https://doi.org/10.1162/neco.1989.1.2.270; Irie et al., 2023,
https://arxiv.org/abs/2305.19044; the chunk form is the hybrid of Schmidhuber, 1992, for a diagonal Jacobian.)

Legend: T steps of a chunk, B batch, N units, D inputs; a unit's state h is a number, or a pair in a last dimension of
size 2, and its Jacobian A_t = dh_t / dh_{t-1} is then a 2 x 2 matrix. A parameter p is [N] or [N, D]; row n belongs
to unit n.

    J_t = the immediate Jacobian: the derivative of h_t by p, h_{t-1} held fixed; for p [N, D] it is J_t x_t^T
    S_t = A_t S_{t-1} + J_t x_t^T               the sensitivity dh_t / dp, over the whole past; 0 where first     (1)
    dL/dp = sum over t of e_t S_t               e_t = dL_t / dh_t, of step t alone                                (2)

Nothing is kept of the past but S, which is as large as p, once a row. A chunk needs (1) at its end only:

    S_T = (A_T ... A_1) S_0 + sum over t of (A_T ... A_{t+1}) J_t x_t^T                       one GEMM            (3)
    dL/dp = backpropagation through the chunk + (dL/dh_0) S_0                                 equal to (2)        (4)

(4) is in boundary_gradient.py. S_0 is a constant; with S_0 = 0 this is truncated backpropagation. S made with older
parameters is used as it is.
"""

import torch
from torch import Tensor

from memorl.kernels.common.resets import zero_rows_

from .jacobians import begins_later, jacobian_products
from .products import weigh_by_reverse_products


@torch.no_grad()
def update_sensitivities(
    s: list[Tensor], jacobian: Tensor, first: Tensor, immediate: list[Tensor], x: Tensor
) -> list[Tensor]:
    """Return the sensitivities after a chunk, by (3); what lies before an episode's start is replaced by zeros.

    Args:
        s: S_0 of each parameter, [B, N] or [B, N, D], or with a 2 after N where the state is pairs.
        jacobian: A, [T, B, N] or [T, B, N, 2, 2]; may be expanded.
        first: True where a step begins an episode, [T, B].
        immediate: J of each parameter, [T, B, N] or [T, B, N, 2]; may be expanded. One tensor may serve several
            parameters, and is then weighted once.
        x: The inputs, [T, B, D].
    """
    distinct: list[Tensor] = []
    places = []
    for term in immediate:
        place = next((i for i, known in enumerate(distinct) if known is term), len(distinct))
        places.append(place)
        if place == len(distinct):
            distinct.append(term)
    weighted, total = weigh_by_reverse_products(jacobian, first, distinct)
    x = x.clone()
    zero_rows_(x.flatten(0, 1), begins_later(first).flatten())
    kept = jacobian_products(total, s, first.any(0))
    after = []
    for place, before, old in zip(places, s, kept, strict=True):
        new = weighted[place]
        if before.dim() == new.dim() - 1:
            after.append(old.add_(new.sum(0)))
        else:
            rows = old.flatten(1, -2)  # [B, N(2), D]
            after.append(rows.baddbmm_(new.flatten(2).permute(1, 2, 0), x.transpose(0, 1)).view_as(before))
    return after
