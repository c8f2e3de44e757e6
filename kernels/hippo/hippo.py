"""HiPPO memories over a whole sequence, with episode starts inside the loop.

Legend: T time, B batch, C channels, N coefficients of each. u [T, B, C] are the samples, c [B, C, N] the coefficients.

    c  = 0 where first, else c                      an episode starts from nothing
    c' = u e_0 + M (c - u e_0)                      (1)

for each channel; M is one matrix for the measures of a window, and M_k of legs.py for LegS, where k counts
the samples of that row's episode. (1) is the usual c' = Abar c + Bbar u, since A e_0 = B for all of these measures.

Backward, with d = dL/dc' (what the output asks for plus what the later steps ask for):

    dL/dc = M^T d,  0 where first                   (2)
    dL/du = d_0 - (M^T d)_0                         (3)

Cost: 2 T B C N^2 FLOP each way, and for LegS the matrices (steps.py).
"""

from torch import Tensor

from memorl.kernels.common.backend import choose
from memorl.kernels.common.shapes import require_shapes

from .reference import hippo_loop_reference
from .torch_loop import hippo_loop_torch


def hippo_loop(
    u: Tensor, c: Tensor, first: Tensor, k: Tensor, transition: Tensor | None = None, scheme: str = "bilinear",
    backend: str = "auto",
) -> Tensor:  # fmt: skip
    """Run a HiPPO memory, equation (1).

    Args:
        u: The samples, [T, B, C].
        c: The coefficients before the first step, [B, C, N].
        first: True where a step begins an episode, [T, B], bool.
        k: How many samples of its episode came before each step (`steps_since_start`), [T, B].
        transition: M of a measure that does not change in time, [N, N]; None is LegS, and only LegS reads k.
        scheme: How LegS moves from sample to sample, one of `SCHEMES`.
        backend: "reference", "torch", "triton" (a GPU from Ampere on), or "auto".

    Returns:
        The coefficients after every step, [T, B, C, N]. Differentiable, once, in u and c.

    Raises:
        ValueError: If shapes do not fit, or the backend is unknown or cannot run on these tensors, with this scheme or
            order.
    """
    choice = choose(backend, u, c, *([] if transition is None else [transition]))
    T, B, C = u.shape
    N = c.shape[-1]
    require_shapes("hippo_loop", {"c": c, "first": first, "k": k}, c=(B, C, N), first=(T, B), k=(T, B))
    if choice == "reference":
        return hippo_loop_reference(u, c, first, k.detach(), transition, scheme)
    if choice == "triton":
        from .triton_loop import hippo_loop_triton, why_unavailable

        if not (reason := why_unavailable(c.shape[2], transition, scheme)):
            return hippo_loop_triton(u, c, first, k, transition, scheme)
        if backend == "triton":
            raise ValueError(f"backend is 'triton', but {reason}")
    return hippo_loop_torch(u, c, first, k, transition, scheme)
