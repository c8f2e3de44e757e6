"""Long short-term memory whose units see themselves alone (Gers et al., 2000, with diagonal recurrent weights).

    i, f, o = sigmoid(W x + u * h + b)        input, forget and output gates, each with its own W, u, b
    g  = tanh(W_g x + u_g * h + b_g)          candidate
    c' = f * c + i * g                        cell
    h' = o * tanh(c')                         output

(https://doi.org/10.1162/089976600300015015.) The recurrent weights u are vectors. The state of a unit is the pair
(h, c), its Jacobian a 2 x 2 matrix, so exact real-time recurrent learning keeps two numbers a parameter.
"""

from typing import Literal

from torch import Tensor

from memorl.memory.parts.diagonal_cell import DiagonalCell


class DiagonalLSTM(DiagonalCell):
    """One layer of long short-term memory whose units see themselves alone.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number N of units, also the size of the features that come out.
        forget_bias: Where b_f starts; with 0 a cell halves in a step.
        credit: As in `DiagonalMemory`.
        encoder_grad: As in `DiagonalMemory`.

    State: `h` [B, N, 2], the last output and the cell. With rtrl also `dh/dW_*` [B, N, 2, D], `dh/du_*` and `dh/db_*`
    [B, N, 2] of the four gates: 8 N D + 16 N numbers a row more.

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
        super().__init__(input_size, hidden_size, "lstm", "ifgo", "f", forget_bias, credit, encoder_grad)

    def readout(self, x: Tensor, h: Tensor) -> Tensor:
        """The outputs, without the cells."""
        return h[..., 0]
