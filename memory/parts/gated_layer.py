"""A layer of gates with the parameters of `torch.nn.GRU` and `torch.nn.LSTM`.

Names, shapes and initial values are those of one layer there, so `load_state_dict` takes its weights. With several
heads every U is block-diagonal, and only its blocks are kept (kernels/common/heads.py).

Legend: D input, H units, G gates.
"""

import torch
from torch import nn

from memorl.memory.base import Memory, State
from memorl.memory.checks import require_positive


class GatedLayer(Memory):
    """Base class; subclasses name the gates and the state, and define the recurrence.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number H of units, also the size of the features that come out.
        init_gain: None initialises as torch does, uniform in 1 / sqrt H; a number makes both weight matrices orthogonal
            with this gain and the biases zero (the agents of the Memory Gym paper use sqrt 2).
        heads: Number of groups of units that see only each other; the recurrence costs this many times less.

    Parameters: `weight_ih_l0` [G H, D], `weight_hh_l0` [G H, H / heads], `bias_ih_l0` and `bias_hh_l0` [G H].

    Raises:
        ValueError: If a size is not positive, or `heads` does not divide `hidden_size`.
    """

    gates: int
    """Number G of gates."""
    entries: tuple[str, ...]
    """Names of the entries of the state, [B, H] each."""

    def __init__(self, input_size: int, hidden_size: int = 256, init_gain: float | None = None, heads: int = 1) -> None:
        require_positive(hidden_size=hidden_size, heads=heads)
        if hidden_size % heads:
            raise ValueError(f"hidden_size is {hidden_size} and heads is {heads}; heads must divide hidden_size")
        super().__init__(input_size, hidden_size)
        self.weight_ih_l0 = nn.Parameter(torch.empty(self.gates * hidden_size, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(self.gates * hidden_size, hidden_size // heads))
        self.bias_ih_l0 = nn.Parameter(torch.empty(self.gates * hidden_size))
        self.bias_hh_l0 = nn.Parameter(torch.empty(self.gates * hidden_size))
        for parameter in self.parameters():
            if init_gain is None:
                nn.init.uniform_(parameter, -(hidden_size**-0.5), hidden_size**-0.5)
            elif parameter.dim() == 2:
                nn.init.orthogonal_(parameter, init_gain)
            else:
                nn.init.zeros_(parameter)

    def initial_state(self, batch_size: int) -> State:
        """Return zeros."""
        return {name: self.weight_hh_l0.new_zeros(batch_size, self.output_size) for name in self.entries}
