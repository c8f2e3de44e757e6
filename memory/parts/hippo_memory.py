"""Base class of the HiPPO memories: the measure, its discretisation, its clock, and the reconstruction of the past.

Legend: T time, B batch, D input, C channels, N coefficients of each, P places.
"""

from abc import abstractmethod
from typing import Literal

import torch
from torch import Tensor

from memorl.kernels import hippo_discretise, hippo_functions, hippo_matrices, steps_since_start
from memorl.memory.base import Memory, State
from memorl.memory.checks import require_between, require_choice, require_positive

HiPPOMeasure = Literal["legs", "legt", "lmu", "lagt", "fout"]
Discretisation = Literal["euler", "backward_euler", "bilinear", "zoh"]

EULER_ORDER = 64
"""From this order on, forward Euler of LegS leaves the range of float32 before it settles (at 64 its coefficients pass
1e38; the eigenvalues are harmless, the transient is not)."""


MAX_ORDER = 4096
"""The largest order: matrices have N^2 numbers, and computing them costs N^3 operations."""


class HiPPOMemory(Memory):
    """A memory that keeps, for each of C signals, the coefficients of a measure of kernels/hippo/measures.py.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Size H of the features that come out.
        channels: Number C of signals that are remembered.
        order: Number N of coefficients of each.
        measure: The remembered span: "legs" (the whole episode), or a window: "legt", "lmu", "lagt", "fout".
        theta: Length of the window in steps; "legs" has none.
        discretisation: "bilinear", "zoh" (exact for what is constant between samples), "backward_euler" or "euler".

    Raises:
        ValueError: If an argument is out of its range, or the scheme is not stable for this measure and order.
    """

    transition: Tensor | None

    def __init__(
        self, input_size: int, hidden_size: int, channels: int, order: int, measure: HiPPOMeasure, theta: float,
        discretisation: Discretisation,
    ) -> None:  # fmt: skip
        require_positive(hidden_size=hidden_size, channels=channels, theta=theta)
        require_between(1, MAX_ORDER, order=order)
        require_choice(HiPPOMeasure, measure=measure)
        require_choice(Discretisation, discretisation=discretisation)
        if measure == "fout" and order % 2:
            raise ValueError(f"order is {order}; it must be even for the measure fout")
        super().__init__(input_size, hidden_size)
        self.channels = channels
        self.order = order
        self.measure = measure
        self.discretisation = discretisation
        if measure == "legs" and discretisation == "euler" and order >= EULER_ORDER:
            raise ValueError(
                f"order is {order}; with discretisation euler it must be below {EULER_ORDER}, try bilinear"
            )
        transition = None
        if measure != "legs":
            transition = hippo_discretise(hippo_matrices(measure, order)[0], 1 / theta, discretisation)
            # the other schemes are stable for every measure and order
            if discretisation == "euler" and torch.linalg.eigvals(transition).abs().max() > 1 + 1e-9:
                wrong = f"it is not stable for {measure} of order {order}, try bilinear"
                raise ValueError(f"discretisation is euler; {wrong}")
            transition = transition.to(torch.get_default_dtype())
        self.register_buffer("transition", transition, persistent=False)

    @abstractmethod
    def coefficients(self, state: State) -> Tensor:
        """Return the coefficients of the channels, [B, C, N]."""

    def initial_coefficients(self, batch_size: int, channels: int, like: Tensor) -> State:
        """Return zero coefficients `c` [B, C, N] and, for legs, the `clock` [B]: the episode's samples, up to 2^24."""
        state = {"c": like.new_zeros(batch_size, channels, self.order)}
        return state | {"clock": like.new_zeros(batch_size)} if self.measure == "legs" else state

    def advance_clock(self, state: State, first: Tensor) -> tuple[Tensor, State]:
        """Return the number of samples before each step, [T, B], and the clock after the last one as a state entry."""
        clock = state.get("clock", state["c"].new_zeros(()))
        k = steps_since_start(first, clock)
        return k, {"clock": k[-1] + 1} if "clock" in state else {}

    def reconstruct(self, state: State, points: Tensor) -> Tensor:
        """Reconstruct the past of the channels.

        Args:
            state: A state of B rows.
            points: Places [P] in the remembered span, 0 its oldest moment and 1 the newest. The span is the episode so
                far for legs, the last theta steps for the other measures.

        Returns:
            The channels at these places, [B, C, P].
        """
        if points.dim() != 1 or not bool(((points >= 0) & (points <= 1)).all()):
            raise ValueError(f"points has shape {tuple(points.shape)}; it must be [P], from 0 (oldest) to 1 (newest)")
        c = self.coefficients(state)
        return c @ hippo_functions(self.measure, self.order, points).to(c).mT

    def heatmaps(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> dict[str, Tensor]:
        """Return the reconstructed past of each channel after every step, [T, 64]."""
        state, first = self.prepare(x, state, first)
        points = torch.linspace(0, 1, 64, dtype=x.dtype, device=x.device)
        rows = []
        for t in range(len(x)):
            _, state = self(x[t : t + 1], state, first[t : t + 1])
            rows.append(self.reconstruct(state, points)[0])
        return {f"history_{channel}": past for channel, past in enumerate(torch.stack(rows, 1))}
