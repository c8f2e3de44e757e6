"""Make a memory of a name, as on the command line."""

import importlib.resources
from importlib import import_module
from typing import Any

from memorl.memory.base import Memory


def memory_names() -> list[str]:
    """Return the names of all memories, those of the files in memory/."""
    files = importlib.resources.files("memorl.memory").iterdir()
    stems = sorted(file.name.removesuffix(".py") for file in files if file.name.endswith(".py"))
    return [stem for stem in stems if stem not in ("__init__", "base", "checks", "probes")]


def make(name: str, input_size: int, **arguments: Any) -> Memory:
    """Return a new memory.

    Args:
        name: A name of `memory_names`, as "gru" or "diagonal_gru".
        input_size: Size D of the features that go in.
        arguments: Other arguments of its constructor.

    Raises:
        ValueError: If there is no memory of that name, or an argument is out of its range.

    Example:
        >>> from memorl.memory import make
        >>> make("lru", 8, hidden_size=16).output_size
        16
    """
    if name not in memory_names():
        raise ValueError(f"memory is {name!r}; it must be one of {', '.join(memory_names())}")
    module = import_module(f"memorl.memory.{name}")
    (cls,) = [
        member
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, Memory) and member.__module__ == module.__name__
    ]
    memory: Memory = cls(input_size, **arguments)
    return memory
