"""A memory several layers deep: `memory.layers=4` builds it of any memory that has no layers of its own."""

from collections.abc import Callable
from typing import final

from torch import Tensor, nn

from memorl.memory.base import Memory, State
from memorl.memory.checks import MAX_LAYERS, require_between, require_positive

from .block import Block, Gate
from .stack import Stack


@final
class Deep(Memory):
    """Blocks of one size, between a linear map (left out where the sizes agree) and a normalisation.

    Args:
        input_size: Size D of the features that go in.
        make: Returns a new memory for an input size; called once a layer.
        layers: Number of blocks.
        size: Size of the features between the blocks, which come out; None is D.
        feedforward: Of the blocks; see `Block`.
        expansion: Of the blocks; see `Block`.

    State: the state of a `Stack` of the memories.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self, input_size: int, make: Callable[[int], Memory], layers: int, size: int | None = None,
        feedforward: Gate = "swiglu", expansion: float = 2.0,
    ) -> None:  # fmt: skip
        size = input_size if size is None else size
        require_between(1, MAX_LAYERS, layers=layers)
        require_positive(size=size)
        super().__init__(input_size, size)
        self.embed = nn.Identity() if size == input_size else nn.Linear(input_size, size)
        self.stack = Stack([Block(make(size), feedforward, expansion) for _ in range(layers)])
        self.norm = nn.LayerNorm(size)
        self.horizon = self.stack.horizon

    def initial_state(self, batch_size: int) -> State:
        """Return the initial state of the stack."""
        return self.stack.initial_state(batch_size)

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Embed, run the blocks, normalise; x is [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        y, state = self.stack(self.embed(x), state, first)
        return self.norm(y), state

    def heatmaps(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> dict[str, Tensor]:
        """Return the heat maps of the stack."""
        return self.stack.heatmaps(self.embed(x), state, first)
