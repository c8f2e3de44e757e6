"""Parts of the Triton kernels of element-wise recurrences: the lanes of a program, and loads ahead of their use.

Legend: T time, B batch, W numbers that a row of the batch has at a step (N units, 2 N where they are pairs).

Every number of a step [B, W] is a lane of its own, and a program takes LANES of them through all steps, with the state
in registers. Programs share nothing, so there is no barrier, no atomic, and results repeat to the bit.

Nothing is read or written twice, so the floor is bytes over bandwidth, if enough bytes are under way: 16 KB per
multiprocessor of an H100, for 3 TB/s at 0.7 us from a load to its data. B = 256, N = 256 is 496 lanes on each, so the
loads of one step are 4 KB of two inputs. They are therefore issued AHEAD steps before their use, into a buffer of
registers, which makes 32 KB; at B = 4096 registers let fewer lanes run at a time, and still 120 KB or more are under
way. A thread has four lanes in a row, which are loaded at once where W is a multiple of 4. A slot of the buffer is
filled again after its use, not before: otherwise the compiled loop ends in copies of what was just loaded, and waits.

The steps are not split over programs. What that could gain is the latency of the chain, T / AHEAD * 0.7 us, where there
are too few lanes to fill the memory: 11 us for T = 128 and B = 16. A split takes three launches where there is one, and
twice the reading, so it would not pay below some thousand steps. Estimated, not measured.
"""

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

LANES = tl.constexpr(128)
"""Lanes of a program: four for each thread of one warp."""

AHEAD = tl.constexpr(8)
"""Steps between a load and its use."""


@triton.jit
def offsets(B, W: tl.constexpr):  # type: ignore[no-untyped-def]
    """Return the lanes of this program, the row of the batch of each lane, and how many numbers a step has."""
    lane = tl.program_id(0) * LANES + tl.arange(0, LANES)
    return lane, (lane // W).to(tl.int64), tl.cast(B, tl.int64) * W


@triton.jit
def mask(lane, lanes, n, T):  # type: ignore[no-untyped-def]
    """Return True for the lanes that exist at step n: lanes below `lanes`, and no lane where n is T or more."""
    return lane < tl.where(T > n, lanes, 0)  # noqa: SIM300, the interpreter cannot compare a constant with T


@triton.jit
def load_step(pointers, n, lane, lanes, T, DELAYED: tl.constexpr):  # type: ignore[no-untyped-def]
    """Load the numbers of step n, and 0 past the end; the last DELAYED pointers load step n + 1 instead."""
    loaded = ()
    for i in tl.static_range(len(pointers)):
        loaded += (  # type: ignore[assignment]
            tl.load(pointers[i], mask(lane, lanes, n + 1 if i >= len(pointers) - DELAYED else n, T), other=0),
        )
    return loaded


@triton.jit
def advance(pointers, strides):  # type: ignore[no-untyped-def]
    """Return the pointers of the next step."""
    moved = ()
    for i in tl.static_range(len(pointers)):
        moved += (pointers[i] + strides[i],)
    return moved


@triton.jit
def prefetch(pointers, strides, lane, lanes, T, DELAYED: tl.constexpr):  # type: ignore[no-untyped-def]
    """Load the first AHEAD steps; return them and the pointers of the next one."""
    buffer = ()
    for n in tl.static_range(AHEAD):
        buffer += (load_step(pointers, n, lane, lanes, T, DELAYED),)  # type: ignore[assignment]
        pointers = advance(pointers, strides)
    return buffer, pointers


@triton.jit
def refill(buffer, pointers, strides, n, lane, lanes, T, DELAYED: tl.constexpr):  # type: ignore[no-untyped-def]
    """Drop the oldest step of the buffer and load step n; return the buffer, and the pointers of the next step."""
    rest = ()
    for i in tl.static_range(1, AHEAD):
        rest += (buffer[i],)  # type: ignore[assignment]
    return rest + (load_step(pointers, n, lane, lanes, T, DELAYED),), advance(pointers, strides)  # noqa: RUF005


@triton.jit
def load_gates(pointer, N: tl.constexpr, GATES: tl.constexpr):  # type: ignore[no-untyped-def]
    """Load the numbers of GATES gates, which lie N apart in memory."""
    loaded = ()
    for gate in tl.static_range(GATES):
        loaded += (tl.load(pointer + gate * N),)  # type: ignore[assignment]
    return loaded


@triton.jit
def store_gates(pointer, N, values, inside):  # type: ignore[no-untyped-def]
    """Store the numbers of each gate, N apart in memory."""
    for gate in tl.static_range(len(values)):
        tl.store(pointer + gate * N, values[gate], inside)


@triton.jit
def multiply(a, b, PAIRS: tl.constexpr, CONJUGATE: tl.constexpr):  # type: ignore[no-untyped-def]
    """Return the product of a, or its complex conjugate, and b."""
    if not PAIRS:
        return a * b
    a_re, a_im = tl.split(tl.reshape(a, (LANES // 2, 2)))
    b_re, b_im = tl.split(tl.reshape(b, (LANES // 2, 2)))
    if CONJUGATE:
        a_im = -a_im
    return tl.reshape(tl.join(a_re * b_re - a_im * b_im, a_re * b_im + a_im * b_re), (LANES,))


def launch(kernel: Any, B: int, W: int, *args: Any) -> None:
    """Run a kernel over B rows of W numbers, on the device of its first argument."""
    with torch.cuda.device_of(args[0]):
        kernel[(triton.cdiv(B * W, LANES.value),)](*args, num_warps=1, num_stages=1, enable_fp_fusion=True)


def contiguous_rows(x: Tensor) -> Tensor:
    """Return x [T, B, ...] with the numbers of a row side by side; it may be expanded over T and B."""
    return x if x[0, 0].is_contiguous() else x.contiguous()
