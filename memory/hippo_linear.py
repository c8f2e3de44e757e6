"""A linear HiPPO memory: no feedback, so that real-time recurrent learning is free of approximation and of Jacobians.

    u = W_u x                                C channels of what came in
    c = hippo(u)                             N coefficients of each channel's past (`hippo_matrices`)
    y = W_c c + W_x x + b                    read out

The memory is linear and acts alike on every channel, so mixing the channels and remembering them can change places:

    hippo(W_u x) = W_u hippo(x),   hence   dc / dW_u[., d] = hippo(x_d)                     (1)

With credit = "rtrl" the state holds s = hippo(x), one memory for each of the D features of x, and c = W_u s. What
`loss.backward()` puts on W_u is then its gradient over the whole episode, however short the sequence, and since c is
made of the present W_u it is never stale. With credit = "bptt" the state holds c, C memories, and W_u hears of this
sequence alone. The outputs are the same. What made x gets the gradient of this sequence in both.
(HiPPO: Gu et al., 2020, https://arxiv.org/abs/2008.07669; the term W_x x is that of state-space models.)
"""

from torch import Tensor, nn

from memorl.memory.parts.hippo_measure import Measure, histories

from .base import Memory, State
from .checks import require_positive

CREDITS = ("bptt", "rtrl")


class HiPPOLinear(Memory):
    """A HiPPO memory of a projection of the inputs, read out linearly.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Size H of the features that come out.
        channels: Number C of signals that are remembered.
        order: Number N of coefficients that each is remembered by.
        measure: What is remembered: "legs" (the whole episode), or a window: "legt", "lmu", "lagt", "fout".
        theta: Length of the window in steps; "legs" has none.
        discretisation: "bilinear", "zoh" (exact for what is constant between samples), "backward_euler" or "euler".
        credit: "bptt", or "rtrl" for exact gradients of W_u past the start of the sequence.

    Raises:
        ValueError: If an argument is out of its range, or the scheme is not stable for this measure and order.

    State: `c`, the coefficients of the C channels [B, C, N], with rtrl those of the D inputs [B, D, N]; zero at the
    start of an episode. For legs also `clock` [B], the steps that the episode has had.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int = 256,
        channels: int = 16,
        order: int = 32,
        measure: str = "legs",
        theta: float = 64.0,
        discretisation: str = "bilinear",
        credit: str = "bptt",
    ) -> None:
        require_positive(hidden_size=hidden_size, channels=channels)
        super().__init__(input_size, hidden_size)
        if credit not in CREDITS:
            raise ValueError(f"credit is {credit!r}; it must be one of {', '.join(CREDITS)}")
        self.credit, self.hippo = credit, Measure(measure, order, theta, discretisation)
        self.write = nn.Linear(input_size, channels, bias=False)
        self.read, self.skip = nn.Linear(channels * order, hidden_size), nn.Linear(input_size, hidden_size, bias=False)

    def initial_state(self, batch_size: int) -> State:
        """Zeros."""
        remembered = self.input_size if self.credit == "rtrl" else self.write.out_features
        return self.hippo.initial_state(batch_size, remembered, self.write.weight)

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the equations above over x [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        u = x if self.credit == "rtrl" else self.write(x)
        s, after = self.hippo(u.to(state["c"].dtype), state, first)
        y = self.read(self._channels(s).flatten(2)) + self.skip(x)
        return y.to(s.dtype), after

    def pictures(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> dict[str, Tensor]:
        """The reconstructed history of each channel after every step."""
        return histories(self, self.reconstruct, x, state, first)

    def reconstruct(self, state: State, points: Tensor) -> Tensor:
        """What the memory holds of u.

        Args:
            state: A state of B rows.
            points: Places [P] in the remembered span, 0 its oldest moment and 1 the newest. The span is the episode so
                far for legs, the last theta steps for the other measures.

        Returns:
            The channels of u at these places, [B, C, P].
        """
        return self.hippo.read(self._channels(state["c"]), points)

    def _channels(self, s: Tensor) -> Tensor:
        """The coefficients of the C channels, [..., C, N], of what the state holds."""
        return self.write.weight @ s if self.credit == "rtrl" else s
