"""The states of several memories as one state."""

from collections.abc import Sequence

from memorl.memory.base import State


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
