"""Parts of the Triton kernels of recurrences with a weight: activations, precision, and the sizes of the tiles.

A program owns some rows of the batch and goes through all steps. The state of a step lies in the output tensor, and
is read back from there for the next one; a barrier lies between, since other threads of the program wrote it. So there
is no limit on H, no other program to wait for, and nothing is written twice. Only the weight is read at every step.
"""

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

INTERPRETED = bool(triton.knobs.runtime.interpret)
"""True where kernels are run by Triton's interpreter, on the CPU."""

ROWS = 16
"""Rows of the batch a program owns, the least that a tensor core takes."""

LAUNCH = {"num_warps": 4, "num_stages": 1, "enable_fp_fusion": True}
"""Options of a launch. One stage is no loads ahead: a state is not read before the barrier behind its writing."""


@triton.jit
def tanh(x):  # type: ignore[no-untyped-def]
    """Return the hyperbolic tangent of x."""
    return 2 * tl.sigmoid(2 * x) - 1


def tile_size(H: int) -> int:
    """Return how many columns are computed, and terms summed, at a time; at least what a tensor core takes."""
    return min(32, max(16, triton.next_power_of_2(H)))


def precision() -> str:
    """Return the precision of float32 products that torch is set to, exact by default."""
    return "ieee" if torch.get_float32_matmul_precision() == "highest" else "tf32"


def launch(kernel: Any, rows: int, *args: Any, heads: int = 1, **sizes: Any) -> None:
    """Run a kernel whose programs own ROWS of so many rows, of one head, on the device of its first argument."""
    with torch.cuda.device_of(args[0]):
        kernel[(triton.cdiv(rows, ROWS), heads)](*args, **sizes, R=ROWS, PRECISION=precision(), **LAUNCH)


def previous_states(start: Tensor, after: Tensor, first: Tensor) -> Tensor:
    """Return the state before each step, [T B, H], zero where an episode begins; start [B, H], after [T, B, H]."""
    return torch.cat([start[None], after[:-1]]).masked_fill_(first[:, :, None], 0).flatten(0, 1)
