"""Gated recurrent units with diagonal recurrent weights (Cho et al., 2014, https://arxiv.org/abs/1406.1078).

    r  = sigmoid(W_r x + u_r * h + b_r)          reset gate
    z  = sigmoid(W_z x + u_z * h + b_z)          update gate
    n  = tanh(W_n x + u_n * (r * h) + b_n)       candidate
    h' = (1 - z) * n + z * h                     new state

The recurrent weights u are vectors, so a step costs H less than a GRU's, and the sensitivities are as small as the
parameters: `credit=rtrl` is exact (parts/diagonal.py). The same cell, with other biases, is what Danieli et al. (ICLR
2026, "ParaRNN") train at scale.
"""

from memorl.memory.parts.diagonal_cell import DiagonalCell


class DiagonalGRU(DiagonalCell):
    """One layer of gated recurrent units with diagonal recurrent weights. `DiagonalCell` explains the arguments.

    State: `h` [B, N], the last output. With rtrl also `dh/dW_*` [B, N, D], `dh/du_*` and `dh/db_*` [B, N] of the
    three gates: 3 N D + 6 N numbers a row more.
    """

    cell = "gru"
    gates = "rzn"
    forget_gate = "z"
