"""Minimal gated recurrent unit (Feng et al., 2024, https://arxiv.org/abs/2410.01201).

    z_t = sigmoid(W_z x_t + b_z)                       update gate: reads the input alone
    n_t = W_n x_t + b_n                                candidate
    h_t = (1 - z_t) * h_{t-1} + z_t * n_t              new state                         (sec. 3.1)

Linear in h, so it is one diagonal scan. The paper's log-space form, which needs positive states, is left out: with
factors between 0 and 1 the scan is stable as it is, and episode starts are simple.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from memorl.kernels import diag_scan
from memorl.memory.parts.diagonal import Credit, Derivatives, DiagonalMemory, EncoderGrad, Parameters


class MinGRU(DiagonalMemory):
    """One layer of minimal gated recurrent units.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number N of units, also the size of the features that come out.
        credit: As in `DiagonalMemory`.
        encoder_grad: As in `DiagonalMemory`.

    State: `h` [B, N], the last output. With rtrl also `dh/dW_z` and `dh/dW_n` [B, N, D], `dh/db_z` and `dh/db_n`
    [B, N].
    """

    def __init__(
        self, input_size: int, hidden_size: int = 256, credit: Credit = "bptt", encoder_grad: EncoderGrad = "chunk"
    ) -> None:
        super().__init__(input_size, hidden_size, hidden_size, False, credit, encoder_grad)
        self.z = nn.Linear(input_size, hidden_size)
        self.n = nn.Linear(input_size, hidden_size)

    def recurrent(self) -> Parameters:
        """Return the weights and biases of both layers."""
        return {"W_z": (self.z.weight,), "W_n": (self.n.weight,), "b_z": (self.z.bias,), "b_n": (self.n.bias,)}

    def run(self, x: Tensor, h: Tensor, first: Tensor, p: Parameters) -> tuple[Tensor, Tensor]:
        """Return the states by the equations above, and z and n."""
        q = linear(x, torch.cat([self.z.weight, self.n.weight]), torch.cat([self.z.bias, self.n.bias])).to(h.dtype)
        z, n = q.chunk(2, -1)
        z = torch.sigmoid(z)
        return diag_scan(1 - z, z * n, h, first), torch.stack([z, n]).detach()

    def derivatives(self, previous: Tensor, states: Tensor, extra: Tensor, p: Parameters) -> Derivatives:
        """Return 1 - z, and the derivatives with respect to the two pre-activations."""
        z, n = extra
        gate = (n - previous) * z * (1 - z)
        return Derivatives(1 - z, {"W_z": gate, "W_n": z, "b_z": gate, "b_n": z})
