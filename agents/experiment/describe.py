"""Describe a class: its first sentence, and the type, default and docstring of each argument of its constructor."""

import inspect
import json
import re
import types
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from docstring_parser import DocstringStyle, parse

REFERENCE = re.compile(r"As in `\w+`\.?")
"""A description that refers to the docstring of a base class."""

REQUIRED = "(required)"


class Argument(NamedTuple):
    """An argument of a constructor, as texts."""

    name: str
    value: str
    kind: str
    meaning: str


def first_line(found: Any) -> str:
    """Return the first sentence of the docstring of a class or function."""
    paragraph = (inspect.getdoc(found) or "").partition("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=[.])\s", paragraph, maxsplit=1)[0]


def describe_arguments(cls: type, values: Mapping[str, Any], reserved: Collection[str]) -> list[Argument]:
    """Return the arguments of a constructor.

    Args:
        cls: The class.
        values: Values in the place of the defaults.
        reserved: Names of the arguments that are left out.
    """
    parameters = [p for p in inspect.signature(cls).parameters.values() if p.name not in reserved]
    constructor: Any = cls.__init__ if inspect.isclass(cls) else cls
    hints = get_type_hints(constructor, include_extras=True)
    meanings = _meanings(cls)
    named = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    return [
        Argument(
            name=p.name,
            value=format_value(values.get(p.name, p.default)),
            kind=format_type(hints.get(p.name, Any)),
            meaning=meanings.get(p.name, ""),
        )
        for p in named
    ]


def format_value(value: Any) -> str:
    """Return a value as it is written on the command line."""
    if value is inspect.Parameter.empty:
        return REQUIRED
    return value if isinstance(value, str) else json.dumps(value, default=str)


def format_type(hint: Any) -> str:
    """Return the description of a type, in the words that the command line uses."""
    origin = get_origin(hint)
    parts = get_args(hint)
    if origin is Annotated:
        described = [str(note) for note in parts[1:] if type(note).__str__ is not object.__str__]
        return described[0] if described else format_type(parts[0])
    if origin is Literal:
        return " or ".join(map(format_value, parts))
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(format_type, parts)))
    if hint is type(None):
        return "null"
    if origin is Callable:
        return "a function"
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return "{name: " + format_type(parts[1]) + "}" if parts else "a dictionary"
    if inspect.isclass(origin) and origin is not type and parts:
        return f"[{format_type(parts[0])}, ...]"
    return "anything" if hint is Any else str(getattr(hint, "__name__", hint))


def _meanings(cls: type) -> dict[str, str]:
    """Return the descriptions of arguments by name; those of the class come before those of its bases."""
    found: dict[str, str] = {}
    for base in inspect.getmro(cls) if inspect.isclass(cls) else (cls,):
        for documented in (base, base.__dict__.get("__init__")):
            text = inspect.cleandoc(getattr(documented, "__doc__", None) or "")
            for parameter in parse(text, style=DocstringStyle.GOOGLE).params:
                meaning = " ".join((parameter.description or "").split())
                if meaning and not REFERENCE.fullmatch(meaning):
                    found.setdefault(parameter.arg_name, meaning)
    return found
