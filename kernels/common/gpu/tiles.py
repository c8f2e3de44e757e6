"""Parts of the Triton kernels of recurrences with a weight: activations, precision, and the sizes of the tiles.

A program owns some rows of the batch and goes through all steps. The state of a step lies in the output tensor, and
is read back from there for the next one; a barrier lies between, since other threads of the program wrote it. So there
is no limit on H, no other program to wait for, and nothing is written twice. Only the weight is read at every step.
"""

from typing import Any

import torch
import triton
import triton.language as tl

INTERPRETED = bool(triton.knobs.runtime.interpret)
"""True where kernels are run by Triton's interpreter, on the CPU."""

ROWS = 16
"""Rows of the batch that a program owns: the smallest number that a tensor core takes."""

LAUNCH = {"num_warps": 4, "num_stages": 1, "enable_fp_fusion": True}
"""Options of a launch. One stage means no loads ahead: no state is read before the barrier after its writing."""


@triton.jit
def tanh(x):  # type: ignore[no-untyped-def]
    """Return the hyperbolic tangent of x.

    Near 0, where 2 sigmoid(2 x) - 1 cancels, it is the Pade approximant [7/6] (Lambert's continued fraction).
    """
    z = tl.minimum(x * x, 1.0)  # beyond, the approximant is not chosen and must not overflow
    numerator = x * (135135 + z * (17325 + z * (378 + z)))
    denominator = 135135 + z * (62370 + z * (3150 + z * 28))
    return tl.where(z < 0.25, numerator / denominator, 2 * tl.sigmoid(2 * x) - 1)


@triton.jit
def owned_rows(B, R: tl.constexpr, U: tl.constexpr):  # type: ignore[no-untyped-def]
    """Return the rows of this program, True for those that exist, and the first unit of its head."""
    row = tl.program_id(0) * R + tl.arange(0, R)
    return row.to(tl.int64), row < B, tl.program_id(1) * U


@triton.jit
def add_products(  # type: ignore[no-untyped-def]
    sums, h, row_in, weight, col_in, GATE: tl.constexpr, U: tl.constexpr, TILE: tl.constexpr, PRECISION: tl.constexpr
):
    """Add W h of each gate to its sum [R, TILE].

    `h` [R, 1] points to the units of a head, and counts as 0 where `row_in` is False. `weight` [TILE] points to the
    rows of the first gate's weight, which exist where `col_in` is True; those of the next gate lie GATE further.
    """
    for k in range(0, U, TILE):
        term = k + tl.arange(0, TILE)
        term_in = term < U
        h_k = tl.load(h + term[None, :], row_in[:, None] & term_in[None, :], other=0).to(weight.dtype.element_ty)
        w = weight[None, :] + term[:, None]
        w_in = term_in[:, None] & col_in[None, :]
        added = ()
        for gate in tl.static_range(len(sums)):
            w_k = tl.load(w + gate * GATE, w_in, other=0)
            added += (tl.dot(h_k, w_k, sums[gate], input_precision=PRECISION),)  # type: ignore[assignment]
        sums = added
    return sums


def tile_size(H: int) -> int:
    """Return the width of a tile: the columns computed at a time, at least 16, the least that a tensor core takes."""
    return min(32, max(16, triton.next_power_of_2(H)))


def precision() -> str:
    """Return the precision of float32 products that torch is set to, exact by default."""
    return "ieee" if torch.get_float32_matmul_precision() == "highest" else "tf32"


def launch(kernel: Any, rows: int, *args: Any, heads: int = 1, **sizes: Any) -> None:
    """Run a kernel over `rows` rows, ROWS rows and one head a program, on the device of its first argument."""
    with torch.cuda.device_of(args[0]):
        kernel[(triton.cdiv(rows, ROWS), heads)](*args, **sizes, R=ROWS, PRECISION=precision(), **LAUNCH)
