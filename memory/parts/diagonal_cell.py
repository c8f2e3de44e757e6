"""What the diagonal GRU and LSTM share: for each gate a matrix W, a vector u that multiplies the state, and a bias b.

Legend: T time, B batch, D input, N units.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from memorl.kernels import diagonal_derivatives, diagonal_loop
from memorl.memory.checks import require_finite

from .diagonal import Derivatives, DiagonalMemory
from .rtrl import Parameters


class DiagonalCell(DiagonalMemory):
    """A layer of such units, of a cell of kernels/diagonal/cells.py.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number N of units, also the size of the features that come out.
        cell: "gru" or "lstm".
        gates: The letters of the gates, in the order of the kernel.
        keeps: The letter of the gate that keeps the state.
        forget_bias: Where the bias of that gate starts.
        credit: As in `DiagonalMemory`.
        encoder_grad: As in `DiagonalMemory`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        cell: str,
        gates: str,
        keeps: str,
        forget_bias: float,
        credit: Literal["bptt", "rtrl"],
        encoder_grad: Literal["chunk", "one_step", "none"],
    ) -> None:
        super().__init__(input_size, hidden_size, hidden_size, cell == "lstm", credit, encoder_grad)
        require_finite(forget_bias=forget_bias)
        self.cell, self.gates = cell, gates
        for gate in gates:
            weight = nn.init.uniform_(torch.empty(hidden_size, input_size), -(input_size**-0.5), input_size**-0.5)
            self.register_parameter(f"W_{gate}", nn.Parameter(weight))
            self.register_parameter(f"u_{gate}", nn.Parameter(2 * torch.rand(hidden_size) - 1))
            bias = torch.full((hidden_size,), forget_bias if gate == keeps else 0.0)
            self.register_parameter(f"b_{gate}", nn.Parameter(bias))

    def recurrent(self) -> Parameters:
        """All as they are."""
        return {f"{kind}_{gate}": (getattr(self, f"{kind}_{gate}"),) for kind in "Wub" for gate in self.gates}

    def run(self, x: Tensor, h: Tensor, first: Tensor, p: Parameters) -> tuple[Tensor, Tensor]:
        """The equations of the class; the extra is what the gates get from outside."""
        W, u, b = (torch.cat([p[f"{kind}_{gate}"][0] for gate in self.gates]) for kind in "Wub")
        gates = linear(x, W, b).to(h.dtype)
        return diagonal_loop(gates, h, first, u, self.cell), gates.detach()

    def derivatives(self, before: Tensor, after: Tensor, extra: Tensor, p: Parameters) -> Derivatives:
        """Those of the kernel, times what each parameter multiplies."""
        u = torch.cat([p[f"u_{gate}"][0] for gate in self.gates])
        jacobian, by_gate = diagonal_derivatives(extra, before, u, self.cell)
        immediate: dict[str, Tensor] = {}
        for gate, (slope, factor) in zip(self.gates, by_gate, strict=True):
            by_state = slope * (factor[..., None] if self.pairs else factor)
            immediate |= {f"W_{gate}": slope, f"u_{gate}": by_state, f"b_{gate}": slope}
        return Derivatives(jacobian, {name: immediate[name] for name in p})
