"""An environment's constructor is its schema: name, kind and default of each option stand in its signature alone.

    def __init__(self, *, size: Annotated[int, Integer(2, 6)] = 5, speed: Annotated[float | None, Number()] = None, ...)

None stands for a default that depends on the variant of the game, or for an option that some variants do not take.
"""

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any, get_type_hints

from .options import Option


@cache
def options_of(cls: type) -> dict[str, Option]:
    """Return the options that the signature of a constructor names."""
    hints = get_type_hints(cls.__init__, include_extras=True)  # type: ignore[misc]
    notes = {name: getattr(hint, "__metadata__", ()) for name, hint in hints.items()}
    return {name: note[0] for name, note in notes.items() if note and isinstance(note[0], Option)}


def option_values(cls: type, arguments: Mapping[str, Any], variant: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """Return the names of the options that a variant takes, and a value of each of these and of each argument.

    Args:
        cls: The environment.
        arguments: The arguments of its constructor; None stands for a default.
        variant: The defaults of the options that are None in the signature and that the variant takes.
    """
    options = options_of(cls)
    parameters = inspect.signature(cls).parameters
    defaults = {name: parameters[name].default for name in options if parameters[name].default is not None} | variant
    chosen = {name: arguments[name] for name in options if arguments[name] is not None}
    return [name for name in options if name in defaults], defaults | chosen
