"""A HiPPO measure as a part of memories: how it is stepped, what it carries, and how its past is read.

Legend: T time, B batch, C channels, N coefficients of each, P places.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from memorl.kernels import (
    HIPPO_MEASURES,
    HIPPO_SCHEMES,
    hippo_discretise,
    hippo_functions,
    hippo_loop,
    hippo_matrices,
    steps_since_start,
)
from memorl.memory.base import Memory, State
from memorl.memory.checks import require_positive

EULER_ORDER = 64
"""From this order on, forward Euler of LegS leaves the range of float32 before it settles (at 64 its coefficients pass
1e38; the eigenvalues are harmless, the transient is not)."""


class Measure(nn.Module):
    """A measure of kernels/hippo/measures.py, discretised.

    Args:
        measure: "legs", "legt", "lmu", "lagt" or "fout".
        order: N, the number of coefficients of each channel.
        theta: Steps that the window is long; legs has no window and does not read it.
        discretisation: "bilinear", "zoh", "backward_euler" or "euler".

    Raises:
        ValueError: If an argument is out of its range, or the scheme is not stable for this measure and order.

    State: `c` [B, C, N]; for legs also `clock` [B], the samples that the episode has had, exact up to 2^24 of them
    in float32.
    """

    transition: Tensor | None

    def __init__(self, measure: str, order: int, theta: float, discretisation: str) -> None:
        super().__init__()
        require_positive(order=order, theta=theta)
        for name, value, known in (
            ("measure", measure, HIPPO_MEASURES),
            ("discretisation", discretisation, HIPPO_SCHEMES),
        ):
            if value not in known:
                raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(known)}")
        if measure == "fout" and order % 2:
            raise ValueError(f"order is {order}; it must be even for the measure fout")
        self.measure, self.order, self.theta, self.discretisation = measure, order, theta, discretisation
        moved = (
            None
            if measure == "legs"
            else hippo_discretise(hippo_matrices(measure, order)[0], 1 / theta, discretisation)
        )
        if discretisation == "euler":
            _require_stable(moved, measure, order)
        self.register_buffer("transition", moved if moved is None else moved.to(torch.get_default_dtype()), False)

    def initial_state(self, batch_size: int, channels: int, like: Tensor) -> State:
        """Zeros, of the type and on the device of `like`."""
        state = {"c": like.new_zeros(batch_size, channels, self.order)}
        return state | {"clock": like.new_zeros(batch_size)} if self.measure == "legs" else state

    def seen(self, state: State, first: Tensor) -> tuple[Tensor, State]:
        """How many samples came before each step, [T, B], and the clock afterwards as an entry of the state."""
        clock = state.get("clock", state["c"].new_zeros(()))
        k = steps_since_start(first, clock)
        return k, {"clock": k[-1] + 1} if "clock" in state else {}

    def forward(self, u: Tensor, state: State, first: Tensor) -> tuple[Tensor, State]:
        """Take in samples u [T, B, C]: coefficients after every step, [T, B, C, N], and the state after the last."""
        k, clock = self.seen(state, first)
        c = hippo_loop(u, state["c"], first, k, self.transition, self.discretisation)
        return c, {"c": c[-1]} | clock

    def read(self, c: Tensor, points: Tensor) -> Tensor:
        """What coefficients c [..., N] say the signal was at places [P] of the span, [..., P]."""
        if points.dim() != 1 or not bool(((points >= 0) & (points <= 1)).all()):
            raise ValueError(f"points has shape {tuple(points.shape)}; it must be [P], from 0 (oldest) to 1 (newest)")
        return c @ hippo_functions(self.measure, self.order, points).to(c).mT


def histories(
    memory: Memory, reconstruct: Callable[[State, Tensor], Tensor], x: Tensor, state: State | None, first: Tensor | None
) -> dict[str, Tensor]:
    """What a memory holds of its channels after every step of one sequence, x [T, 1, D]: a map [T, 64] for each."""
    state, first = memory.prepare(x, state, first)
    points, rows = torch.linspace(0, 1, 64, dtype=x.dtype, device=x.device), []
    for t in range(len(x)):
        _, state = memory(x[t : t + 1], state, first[t : t + 1])
        rows.append(reconstruct(state, points)[0])
    return {f"history_{channel}": shown for channel, shown in enumerate(torch.stack(rows, 1))}


def _require_stable(moved: Tensor | None, measure: str, order: int) -> None:
    """Refuse forward Euler where it does not work: the other schemes are stable for every measure and order."""
    if moved is None and order >= EULER_ORDER:
        raise ValueError(f"order is {order}; with discretisation euler it must be below {EULER_ORDER}, try bilinear")
    if moved is not None and torch.linalg.eigvals(moved).abs().max() > 1 + 1e-9:
        raise ValueError(f"discretisation is euler; it is not stable for {measure} of order {order}, try bilinear")
