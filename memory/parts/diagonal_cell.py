"""Base class of the diagonal GRU and LSTM: each gate has a matrix W, a vector u that multiplies the state, a bias b.

Legend: T time, B batch, D input, N units.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from memorl.kernels import diagonal_derivatives, diagonal_loop
from memorl.memory.checks import require_finite

from .diagonal import Credit, Derivatives, DiagonalMemory, EncoderGrad, Parameters


class DiagonalCell(DiagonalMemory):
    """A layer of units of one of the cells of kernels/diagonal/cells.py; subclasses name the cell and its gates.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number N of units, also the size of the features that come out.
        forget_bias: Initial bias of the gate that keeps the state; with 0 a state halves in a step.
        credit: As in `DiagonalMemory`.
        encoder_grad: As in `DiagonalMemory`.

    Raises:
        ValueError: If `forget_bias` is not finite, and as `DiagonalMemory`.
    """

    cell: Literal["gru", "lstm"]
    gates: str
    """The letters of the gates, in the order of the kernel."""
    forget_gate: str
    """The letter of the gate that keeps the state."""

    def __init__(
        self, input_size: int, hidden_size: int = 256, forget_bias: float = 1.0, credit: Credit = "bptt",
        encoder_grad: EncoderGrad = "chunk",
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, hidden_size, self.cell == "lstm", credit, encoder_grad)
        require_finite(forget_bias=forget_bias)
        for gate in self.gates:
            weight = nn.init.uniform_(torch.empty(hidden_size, input_size), -(input_size**-0.5), input_size**-0.5)
            self.register_parameter(f"W_{gate}", nn.Parameter(weight))
            self.register_parameter(f"u_{gate}", nn.Parameter(2 * torch.rand(hidden_size) - 1))
            bias = torch.full((hidden_size,), float(forget_bias) if gate == self.forget_gate else 0.0)
            self.register_parameter(f"b_{gate}", nn.Parameter(bias))

    def recurrent(self) -> Parameters:
        """Return W, u and b of every gate."""
        return {f"{kind}_{gate}": (getattr(self, f"{kind}_{gate}"),) for kind in "Wub" for gate in self.gates}

    def run(self, x: Tensor, h: Tensor, first: Tensor, p: Parameters) -> tuple[Tensor, Tensor]:
        """Return the states by the equations of the class, and W x + b of the gates."""
        W, u, b = (torch.cat([p[f"{kind}_{gate}"][0] for gate in self.gates]) for kind in "Wub")
        gates = linear(x, W, b).to(h.dtype)
        return diagonal_loop(gates, h, first, u, self.cell), gates.detach()

    def derivatives(self, previous: Tensor, states: Tensor, extra: Tensor, p: Parameters) -> Derivatives:
        """Return the kernel's derivatives by the gates, times the factor of each parameter."""
        u = torch.cat([p[f"u_{gate}"][0] for gate in self.gates])
        jacobian, by_gate = diagonal_derivatives(extra, previous, u, self.cell)
        immediate: dict[str, Tensor] = {}
        for gate, (slope, factor) in zip(self.gates, by_gate, strict=True):
            by_state = slope * (factor[..., None] if self.pairs else factor)
            immediate |= {f"W_{gate}": slope, f"u_{gate}": by_state, f"b_{gate}": slope}
        return Derivatives(jacobian, {name: immediate[name] for name in p})
