"""The one interface every memory follows.

Legend: T time, B batch, D input_size, H output_size.

    y, state = memory(x, state, first)        x [T, B, D]   first [T, B]   ->   y [T, B, H]

`first[t]` is True where x[t] is the first observation of an episode: the state is replaced by the initial state
before x[t] is consumed. T = 1 is acting. The state is explicit: nothing is kept on the module, so peeking at the
value of an observation, evaluating during training and exporting are ordinary calls.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from .checks import require_positive, require_tensors

State = dict[str, Tensor]
"""Named tensors that a memory carries from call to call; dimension 0 of each is the batch."""


class Memory(nn.Module, ABC):
    """Maps a sequence of features to a sequence of features, carrying a state.

    Args:
        input_size: Size D of the features that go in.
        output_size: Size H of the features that come out.

    Raises:
        ValueError: If a size is not positive.
    """

    horizon: int | None = None
    """The number of later steps that an input can influence; None if there is no bound."""

    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__()
        require_positive(input_size=input_size, output_size=output_size)
        self.input_size = input_size
        self.output_size = output_size

    @abstractmethod
    def initial_state(self, batch_size: int) -> State:
        """Return the state before the first step of an episode, for `batch_size` sequences."""

    @abstractmethod
    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run over a whole sequence; T = 1 is a single step.

        Args:
            x: Features, [T, B, D].
            state: The state that the previous call returned; None means the initial state.
            first: True where x[t] begins an episode, [T, B] bool; None means nowhere.

        Returns:
            Features [T, B, H], and the state after x[T - 1].

        Raises:
            ValueError: If a shape or a dtype is another one.
        """

    def heatmaps(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> dict[str, Tensor]:
        """Return heat maps of one sequence x [T, 1, D] for visualisation, by name, [T, K] each; by default none."""
        return {}

    def prepare(self, x: Tensor, state: State | None, first: Tensor | None) -> tuple[State, Tensor]:
        """Check the arguments of `forward` and return its state and `first`, with the default where one is None."""
        if x.dim() != 3 or x.shape[2] != self.input_size or x.shape[0] < 1 or x.shape[1] < 1:
            raise ValueError(f"x has shape {tuple(x.shape)}; expected [T >= 1, B >= 1, {self.input_size}]")
        if first is None:
            first = torch.zeros(x.shape[:2], dtype=torch.bool, device=x.device)
        elif first.shape != x.shape[:2] or first.dtype != torch.bool:
            found = f"shape {tuple(first.shape)} and dtype {first.dtype}"
            raise ValueError(f"first has {found}; expected {tuple(x.shape[:2])} and bool")
        if state is None:
            return self.initial_state(x.shape[1]), first
        self.require_state(state, x.shape[1])
        return state, first

    def require_state(self, state: State, batch_size: int) -> None:
        """Raise ValueError unless this is a state of `batch_size` sequences of this memory."""
        initial = self.initial_state(1)
        if isinstance(state, Tensor | tuple):
            wrapper = "AsGRU" if isinstance(state, Tensor) else "AsLSTM"
            allowed = f"a dictionary of tensors; memorl.memory.{wrapper} wraps a memory that takes such a state"
            raise ValueError(f"state is a {type(state).__name__}; it must be {allowed}")
        require_tensors("state", state)
        allowed = {name: (batch_size, *value.shape[1:]) for name, value in initial.items()}
        shapes = {name: tuple(value.shape) for name, value in state.items()}
        if shapes != allowed:
            raise ValueError(f"state is {shapes}; expected {allowed or 'nothing'} of {batch_size} rows")
        for name, value in initial.items():
            if state[name].dtype != value.dtype:
                raise ValueError(f"state[{name!r}] is of {state[name].dtype}; it must be of {value.dtype}")


def select(state: State, index: Tensor) -> State:
    """Return the states of some of the sequences."""
    return {name: value[index] for name, value in state.items()}


def concat(states: Sequence[State]) -> State:
    """Return several batches of states as one."""
    return {name: torch.cat([state[name] for state in states]) for name in states[0]}


def where_first(first: Tensor, initial: State, state: State) -> State:
    """Replace the states of the sequences that begin an episode, `first` [B], by the initial state; NaN goes, too."""
    return {
        name: torch.where(first.view(-1, *[1] * (old.dim() - 1)), initial[name], old) for name, old in state.items()
    }


def unroll(
    step: Callable[[Tensor, State], tuple[Tensor, State]], x: Tensor, state: State, first: Tensor, initial: State
) -> tuple[Tensor, State]:
    """Run a function of one step, x [B, D] -> y [B, H], over a sequence with episode starts."""
    outputs = []
    for x_t, first_t in zip(x, first, strict=True):
        y_t, state = step(x_t, where_first(first_t, initial, state))
        outputs.append(y_t)
    return torch.stack(outputs), state
