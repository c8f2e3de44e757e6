"""Gated recurrent units that see themselves alone (Cho et al., 2014, https://arxiv.org/abs/1406.1078, with diagonal U).

    r  = sigmoid(W_r x + u_r * h + b_r)          reset gate
    z  = sigmoid(W_z x + u_z * h + b_z)          update gate
    n  = tanh(W_n x + u_n * (r * h) + b_n)       candidate
    h' = (1 - z) * n + z * h                     new state

The recurrent weights u are vectors, so a step costs H less than a GRU's, and the sensitivities are as small as the
parameters: `credit=rtrl` is exact (parts/rtrl.py). The same cell, with other biases, is what Danieli et al. (ICLR 2026,
"ParaRNN") train at scale.
"""

from typing import Literal

from memorl.memory.parts.diagonal_cell import DiagonalCell


class DiagonalGRU(DiagonalCell):
    """One layer of gated recurrent units that see themselves alone.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number N of units, also the size of the features that come out.
        forget_bias: Where b_z starts; with 0 a state halves in a step.
        credit: As in `DiagonalMemory`.
        encoder_grad: As in `DiagonalMemory`.

    State: `h` [B, N], the last output. With rtrl also `dh/dW_*` [B, N, D], `dh/du_*` and `dh/db_*` [B, N] of the
    three gates: 3 N D + 6 N numbers a row more.

    Raises:
        ValueError: If `forget_bias` is not finite, and as `DiagonalMemory`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int = 256,
        forget_bias: float = 1.0,
        credit: Literal["bptt", "rtrl"] = "bptt",
        encoder_grad: Literal["chunk", "one_step", "none"] = "chunk",
    ) -> None:
        super().__init__(input_size, hidden_size, "gru", "rzn", "z", forget_bias, credit, encoder_grad)
