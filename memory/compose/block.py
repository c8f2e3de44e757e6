"""A memory as one layer of a deep memory: residual, normalised, with a gated feed-forward layer behind it.

    u = x + W memory(norm(x))                       pre-norm residual (Xiong et al., 2020, arXiv:2002.04745)
    y = u + W_2 (g(V v) * (W_1 v)),  v = norm(u)    GLU family (Shazeer, 2020, arXiv:2002.05202, eq. 5)

g is the sigmoid (glu), GELU (geglu) or SiLU (swiglu). W is left out where the memory's output has the size of x, and
the whole second line with feedforward="none".
"""

from collections.abc import Callable
from typing import Literal, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from memorl.memory.base import Memory, State
from memorl.memory.checks import require_choice, require_positive

Gate = Literal["glu", "geglu", "swiglu", "none"]
_GATES: dict[str, Callable[[Tensor], Tensor]] = {"glu": torch.sigmoid, "geglu": F.gelu, "swiglu": F.silu}


class GatedFeedForward(nn.Module):
    """The feed-forward layer of the second line above, without the residual.

    Args:
        size: Size of the features that go in and come out.
        expansion: The inner layer is this many times as wide.
        gate: "glu", "geglu" or "swiglu".
    """

    def __init__(self, size: int, expansion: float, gate: Gate) -> None:
        super().__init__()
        require_positive(size=size, expansion=expansion)
        inner = max(1, round(expansion * size))
        self.gate = _GATES[gate]
        self.norm = nn.LayerNorm(size)
        self.widen = nn.Linear(size, 2 * inner)
        self.narrow = nn.Linear(inner, size)

    def forward(self, u: Tensor) -> Tensor:
        """Return W_2 (g(V v) * (W_1 v)) for u [..., size]."""
        gate, value = self.widen(self.norm(u)).chunk(2, -1)
        return self.narrow(self.gate(gate) * value)


@final
class Block(Memory):
    """A memory, normalised before it, added to its input, and a gated feed-forward layer.

    Args:
        memory: Any memory; its input size D is the size of the features that go in and come out.
        feedforward: "glu", "geglu", "swiglu", or "none" for no feed-forward layer.
        expansion: The feed-forward layer is this many times as wide inside.

    State: the state of `memory`.

    Raises:
        ValueError: If `feedforward` is none of these, or `expansion` is not positive.
    """

    def __init__(self, memory: Memory, feedforward: Gate = "swiglu", expansion: float = 2.0) -> None:
        size = memory.input_size
        require_choice(Gate, feedforward=feedforward)
        super().__init__(size, size)
        self.memory = memory
        self.horizon = memory.horizon
        self.norm = nn.LayerNorm(size)
        self.project = nn.Identity() if memory.output_size == size else nn.Linear(memory.output_size, size)
        self.feedforward = None if feedforward == "none" else GatedFeedForward(size, expansion, feedforward)

    def initial_state(self, batch_size: int) -> State:
        """Return the initial state of the memory."""
        return self.memory.initial_state(batch_size)

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the equations above over x [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        y, state = self.memory(self.norm(x), state, first)
        u = x + self.project(y)
        return u if self.feedforward is None else u + self.feedforward(u), state

    def heatmaps(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> dict[str, Tensor]:
        """Return the heat maps of the memory."""
        return self.memory.heatmaps(self.norm(x), state, first)
