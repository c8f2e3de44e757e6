"""Long short-term memory with diagonal recurrent weights (Gers et al., 2000).

    i, f, o = sigmoid(W x + u * h + b)        input, forget and output gates, each with its own W, u, b
    g  = tanh(W_g x + u_g * h + b_g)          candidate
    c' = f * c + i * g                        cell
    h' = o * tanh(c')                         output

(https://doi.org/10.1162/089976600300015015.) The recurrent weights u are vectors. The state of a unit is the pair
(h, c), its Jacobian a 2 x 2 matrix, so exact real-time recurrent learning keeps two numbers a parameter.
"""

from torch import Tensor

from memorl.memory.parts.diagonal_cell import DiagonalCell


class DiagonalLSTM(DiagonalCell):
    """One layer of long short-term memory with diagonal recurrent weights. `DiagonalCell` explains the arguments.

    State: `h` [B, N, 2], the last output and the cell. With rtrl also `dh/dW_*` [B, N, 2, D], `dh/du_*` and `dh/db_*`
    [B, N, 2] of the four gates: 8 N D + 16 N numbers a row more.
    """

    cell = "lstm"
    gates = "ifgo"
    forget_gate = "f"

    def readout(self, x: Tensor, h: Tensor) -> Tensor:
        """Return the outputs, without the cells."""
        return h[..., 0]
