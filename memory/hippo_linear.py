"""A linear HiPPO memory: no feedback, so that real-time recurrent learning is free of approximation and of Jacobians.

    u = W_u x                                C channels of the input
    c = hippo(u)                             N coefficients of each channel's past (`hippo_matrices`)
    y = W_c c + W_x x + b                    read out

The memory is linear and acts alike on every channel, so mixing the channels and remembering them can change places:

    hippo(W_u x) = W_u hippo(x),   hence   dc / dW_u[., d] = hippo(x_d)                     (1)

With credit = "rtrl" the state holds s = hippo(x), one memory for each of the D features of x, and c = W_u s.
`loss.backward()` then gives W_u its gradient over the whole episode, however short the sequence, and since c is made of
the present W_u the gradient is never stale. With credit = "bptt" the state holds c, C memories, and W_u gets the
gradient of this sequence alone. The outputs are the same. x gets the gradient of this sequence in both.
(HiPPO: Gu et al., 2020, https://arxiv.org/abs/2008.07669; the term W_x x is that of state-space models.)
"""

from torch import Tensor, nn

from memorl.kernels import hippo_loop
from memorl.memory.parts.diagonal import Credit
from memorl.memory.parts.hippo_memory import Discretisation, HiPPOMeasure, HiPPOMemory

from .base import State
from .checks import require_choice


class HiPPOLinear(HiPPOMemory):
    """A HiPPO memory of a projection of the inputs, read out linearly.

    Args:
        credit: "bptt", or "rtrl" for exact gradients of W_u past the start of the sequence.
        input_size, hidden_size, channels, order, measure, theta, discretisation: As in `HiPPOMemory`.

    State: `c`, the coefficients of the C channels [B, C, N], with rtrl those of the D inputs [B, D, N]; zero at the
    start of an episode. For legs also `clock` [B], the steps that the episode has had.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int = 256,
        channels: int = 16,
        order: int = 32,
        measure: HiPPOMeasure = "legs",
        theta: float = 64.0,
        discretisation: Discretisation = "bilinear",
        credit: Credit = "bptt",
    ) -> None:
        require_choice(Credit, credit=credit)
        super().__init__(input_size, hidden_size, channels, order, measure, theta, discretisation)
        self.credit = credit
        self.write = nn.Linear(input_size, channels, bias=False)
        self.read = nn.Linear(channels * order, hidden_size)
        self.skip = nn.Linear(input_size, hidden_size, bias=False)

    def initial_state(self, batch_size: int) -> State:
        """Return zeros."""
        remembered = self.input_size if self.credit == "rtrl" else self.channels
        return self.initial_coefficients(batch_size, remembered, self.write.weight)

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the equations above over x [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        u = (x if self.credit == "rtrl" else self.write(x)).to(state["c"].dtype)
        k, clock = self.advance_clock(state, first)
        c = hippo_loop(u, state["c"], first, k, self.transition, self.discretisation)
        y = self.read(self.coefficients({"c": c}).flatten(2)) + self.skip(x)
        return y.to(c.dtype), {"c": c[-1]} | clock

    def coefficients(self, state: State) -> Tensor:
        """Return the coefficients of the C channels of u, [..., C, N]."""
        return self.write.weight @ state["c"] if self.credit == "rtrl" else state["c"]
