"""A memory that is made of several: their states as one state, the names prefixed by the place of the memory."""

from collections.abc import Sequence

from torch import nn

from memorl.memory.base import Memory, State


class Several(Memory):
    """Base class of several memories as one.

    Args:
        input_size: Size D of the features that go in.
        output_size: Size H of the features that come out.
        memories: The memories.

    State: the states of all, the names prefixed by the place of the memory: `0.h`, `1.h`, ...
    """

    def __init__(self, input_size: int, output_size: int, memories: Sequence[Memory]) -> None:
        super().__init__(input_size, output_size)
        self.memories = nn.ModuleList(memories)

    def initial_state(self, batch_size: int) -> State:
        """Return the initial states of all."""
        return join_states([memory.initial_state(batch_size) for memory in self.members()])

    def members(self) -> list[Memory]:
        """Return the memories in their order."""
        return [memory for memory in self.memories if isinstance(memory, Memory)]


def join_states(states: Sequence[State]) -> State:
    """Return one state, the names prefixed by the place of the memory: `0.h`, `1.h`, ..."""
    return {f"{i}.{name}": value for i, state in enumerate(states) for name, value in state.items()}


def split_state(state: State, count: int) -> list[State]:
    """Return the states of `count` memories that were joined."""
    states: list[State] = [{} for _ in range(count)]
    for name, value in state.items():
        place, _, own = name.partition(".")
        states[int(place)][own] = value
    return states
