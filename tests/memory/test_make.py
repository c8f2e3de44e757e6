"""Memories by their names."""

import pytest

from memorl.memory import make, memory_names
from tests.support.memories import memory_file, names


def test_the_names_are_those_of_the_command_line() -> None:
    """GTrXL is a TrXL with other arguments, and has a yaml file only."""
    assert memory_names() == sorted({name.partition("[")[0] for name in names()} - {"gtrxl"})


@pytest.mark.parametrize("name", memory_names())
def test_a_name_makes_a_memory(name: str) -> None:
    memory = make(name, 3)
    assert type(memory) is memory_file(name)[1]
    assert memory.input_size == 3


def test_arguments_reach_the_constructor() -> None:
    assert make("lru", 3, hidden_size=5).output_size == 5
    with pytest.raises(ValueError, match=r"memory is .gur.; it must be one of .*gru"):
        make("gur", 3)
    with pytest.raises(ValueError, match="hidden_size is 0; it must be positive"):
        make("gru", 3, hidden_size=0)
