"""A memory made of a function of one step."""

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from memorl.memory.base import Memory, State, unroll


class FromCell(Memory):
    """Runs a cell of one step as a memory: it adds the loop over time, the batch, and the episode starts.

    Args:
        cell: Maps x [B, D] and a state to y [B, H] and the next state. The parameters of a
            `torch.nn.Module` are trained.
        input_size: Size D of the features that go in.
        output_size: Size H of the features that come out.
        initial: The state of one sequence before an episode, without the batch dimension. A `torch.nn.Parameter`
            in it is learned.

    Example:
        >>> import torch
        >>> class Leaky(torch.nn.Module):
        ...     def forward(self, x, state):
        ...         h = 0.9 * state["h"] + 0.1 * x
        ...         return h, {"h": h}
        >>> memory = FromCell(Leaky(), input_size=8, output_size=8, initial={"h": torch.zeros(8)})
        >>> y, state = memory(torch.randn(5, 2, 8))
        >>> y.shape
        torch.Size([5, 2, 8])
    """

    def __init__(
        self, cell: Callable[[Tensor, State], tuple[Tensor, State]], input_size: int, output_size: int,
        initial: Mapping[str, Tensor],
    ) -> None:  # fmt: skip
        super().__init__(input_size, output_size)
        self.cell = cell
        self.names = tuple(initial)
        for name, value in initial.items():
            if isinstance(value, nn.Parameter):
                self.register_parameter(f"initial_{name}", value)
            else:
                self.register_buffer(f"initial_{name}", value)

    def initial_state(self, batch_size: int) -> State:
        """Return `initial`, once for every sequence."""
        start: State = {name: getattr(self, f"initial_{name}") for name in self.names}
        return {name: value.expand(batch_size, *value.shape) for name, value in start.items()}

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Call the cell at every step of x [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        return unroll(self.cell, x, state, first, self.initial_state(x.shape[1]))
