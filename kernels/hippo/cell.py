"""The recurrence of the HiPPO-RNN over a whole sequence, with episode starts inside the loop.

Legend: T time, B batch, H units, C channels, N coefficients of each. `to_u` [T, B, C] and `to_h` [T, B, 2H] hold what
the inputs contribute at every step (one GEMM, made by the caller).

    h, c = 0 where first                            an episode starts from nothing
    u  = to_u + U h                                 what is written, [B, C]                    (1)
    c' = u e_0 + M (c - u e_0)                      the memory, see hippo.py               (2)
    g, v = sigmoid, tanh of to_h + P c'             gate and candidate, [B, H] each            (3)
    h' = h + g * (v - h)                            (4)

Backward, with d = dL/dh' and e = dL/dc' (what the outputs ask for plus what the later steps ask for):

    dp = d * [(v - h) g (1 - g),  g (1 - v^2)],     e += dp P                                  (5)
    du = e_0 - (M^T e)_0                            dL/dc = M^T e,  0 where first              (6)
    dL/dh = d * (1 - g) + du U,  0 where first                                                 (7)

The bracket of (5) is made for all steps at once, the gradients of U and P are one GEMM each.
Cost: 2 T B (C N^2 + 2 H C N + H C) FLOP each way inside the loop; T B (C N + 3 H) floats are kept.

This form also runs on a GPU, where it is a dozen launches a step and not a match for one kernel. `triton_loop.py` has
the memory's step; with it, products with U and P, 2 H C N numbers that every program would read again at every step, as
the GRU's kernel does, would have to share a kernel.
"""

from torch import Tensor

from memorl.kernels.common.backend import choose
from memorl.kernels.common.shapes import require_shapes

from .reference import hippo_cell_loop_reference
from .torch_cell_loop import hippo_cell_loop_torch


def hippo_cell_loop(
    to_u: Tensor, to_h: Tensor, c: Tensor, h: Tensor, first: Tensor, k: Tensor, U: Tensor, P: Tensor,
    transition: Tensor | None = None, scheme: str = "bilinear", backend: str = "auto",
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Run the HiPPO-RNN's recurrence, equations (1) to (4).

    Args:
        to_u: What the inputs write, [T, B, C].
        to_h: What the inputs give to gate and candidate, [T, B, 2H].
        c: The coefficients before the first step, [B, C, N].
        h: The output before the first step, [B, H].
        first: True where a step begins an episode, [T, B], bool.
        k: How many samples of its episode came before each step, [T, B].
        U: From the output to what is written, [C, H].
        P: From the coefficients to gate and candidate, [2H, C N].
        transition: M of a measure that does not change in time, [N, N]; None is LegS, and only LegS reads k.
        scheme: How LegS moves from sample to sample, one of `SCHEMES`.
        backend: "reference", "torch" or "auto".

    Returns:
        The output [T, B, H] and the coefficients [T, B, C, N] after every step. Differentiable, once, in all floating
        arguments but k and `transition`.

    Raises:
        ValueError: If shapes do not fit, or the backend is unknown.
    """
    T, B, C = to_u.shape
    H = h.shape[-1]
    N = c.shape[-1]
    tensors = {"to_h": to_h, "c": c, "h": h, "first": first, "k": k, "U": U, "P": P}
    expected = {"to_h": (T, B, 2 * H), "c": (B, C, N), "h": (B, H), "first": (T, B), "k": (T, B)}
    require_shapes("hippo_cell_loop", tensors, U=(C, H), P=(2 * H, C * N), **expected)
    if choose(backend, to_u, to_h, c, h, U, P, triton=False) == "reference":
        return hippo_cell_loop_reference(to_u, to_h, c, h, first, k.detach(), U, P, transition, scheme)
    y, memories, _ = hippo_cell_loop_torch(to_u, to_h, c, h, first, k, U, P, transition, scheme)
    return y, memories
