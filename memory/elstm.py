"""Element-wise LSTM (Irie, Gopalakrishnan and Schmidhuber, 2023, https://arxiv.org/abs/2305.19044).

    f_t = sigmoid(F x_t + w_f * c_{t-1} + b_f)         forget gate                       (eq. 5)
    z_t = tanh(Z x_t + w_z * c_{t-1} + b_z)            candidate                         (eq. 6)
    c_t = f_t * c_{t-1} + (1 - f_t) * z_t              cell                              (eq. 7)
    o_t = sigmoid(O x_t + W_o c_t + b_o),   h_t = o_t * c_t                              output

A unit of the recurrence depends on its own cell alone (w_f, w_z are vectors), so its sensitivities are as small as its
parameters (parts/diagonal.py). The output gate reads the new cell and is not part of the recurrence. The paper's text
has no biases; its code has them.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from memorl.kernels import elstm_loop
from memorl.memory.parts.diagonal import Credit, Derivatives, DiagonalMemory, EncoderGrad, Parameters

from .checks import require_finite


class ELSTM(DiagonalMemory):
    """One layer of element-wise long short-term memory.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number N of units, also the size of the features that come out.
        forget_bias: Mean of the initial b_f; the paper has 0, with which a cell halves in a step. With 5 it finds cues
            of 80 steps ago (docs/log.md).
        credit: As in `DiagonalMemory`.
        encoder_grad: As in `DiagonalMemory`.

    State: `h` [B, N], the cell c. With rtrl also `dh/dF` and `dh/dZ` [B, N, D], and [B, N] for each of w_f, w_z,
    b_f and b_z: 2 N D + 4 N numbers a row more.

    Raises:
        ValueError: If `forget_bias` is not finite, and as `DiagonalMemory`.
    """

    def __init__(
        self, input_size: int, hidden_size: int = 256, forget_bias: float = 0.0, credit: Credit = "bptt",
        encoder_grad: EncoderGrad = "chunk",
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, hidden_size, False, credit, encoder_grad)
        require_finite(forget_bias=forget_bias)
        self.F, self.Z = (nn.Parameter(0.1 * torch.randn(hidden_size, input_size)) for _ in range(2))
        self.w_f, self.w_z, self.b_f, self.b_z = (nn.Parameter(0.1 * torch.randn(hidden_size)) for _ in range(4))
        nn.init.normal_(self.b_f, forget_bias, 0.1)
        self.gate = nn.Linear(input_size + hidden_size, hidden_size)

    def recurrent(self) -> Parameters:
        """Return the parameters of the two gates."""
        return {name: (getattr(self, name),) for name in ("F", "Z", "w_f", "w_z", "b_f", "b_z")}

    def run(self, x: Tensor, h: Tensor, first: Tensor, p: Parameters) -> tuple[Tensor, Tensor]:
        """Return the cells by equations 5 to 7, and a, u and v of the kernel."""
        gates = linear(x, torch.cat([self.F, self.Z]), torch.cat([self.b_f, self.b_z])).to(h.dtype)
        return elstm_loop(gates, h, first, torch.cat([self.w_f, self.w_z]))

    def derivatives(self, previous: Tensor, states: Tensor, extra: Tensor, p: Parameters) -> Derivatives:
        """Return the kernel's derivatives, times the factor of each parameter."""
        a, u, v = extra
        return Derivatives(a, {"F": u, "Z": v, "w_f": u * previous, "w_z": v * previous, "b_f": u, "b_z": v})

    def readout(self, x: Tensor, h: Tensor) -> Tensor:
        """Return the cells times the output gate."""
        return torch.sigmoid(self.gate(torch.cat([x.to(h.dtype), h], -1))).to(h.dtype) * h
