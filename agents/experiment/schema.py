"""The constructor is the schema: configuration values are checked against its type hints, by pydantic.

Types are strict (a text is no number), with one exception: a whole number may be written as a float, such as 1e6.
"""

import inspect
from collections.abc import Collection, Mapping
from typing import Any, Generic, TypeVar, get_type_hints

from hydra.utils import get_object
from pydantic import ConfigDict, TypeAdapter, ValidationError

T = TypeVar("T")

MAX_SHOWN = 200
"""Characters of a value that an error message shows at most."""


class Constructor(Generic[T]):
    """A class, and the arguments that a configuration may set.

    Args:
        where: Name of the configuration in messages; empty at the top level.
        cls: The class.
    """

    def __init__(self, where: str, cls: type[T]) -> None:
        self.where = where
        self.cls = cls
        self.parameters = inspect.signature(cls).parameters
        self.hints = get_type_hints(cls.__init__)
        self.takes_any_name = any(p.kind is p.VAR_KEYWORD for p in self.parameters.values())

    @classmethod
    def from_target(cls, where: str, config: Any, kind: type[T]) -> "Constructor[T]":
        """Return the constructor of the class that `config["_target_"]` names.

        Raises:
            ValueError: If it cannot be imported, or is not a subclass of `kind`.
        """
        target = str(check_type(where, config, dict[str, Any]).get("_target_"))
        try:
            found = get_object(target)
        except Exception as error:
            raise ValueError(f"{where}._target_ is {target}, which cannot be imported: {error}") from error
        if not (inspect.isclass(found) and issubclass(found, kind)):
            raise ValueError(f"{where}._target_ is {target}; it must be a {kind.__name__}")
        return Constructor(where, found)

    def check(self, values: Mapping[str, Any], reserved: Collection[str] = ()) -> dict[str, Any]:
        """Return the arguments as the types of the hints.

        Args:
            values: Arguments by name.
            reserved: Names of the arguments that the caller gives itself.

        Raises:
            ValueError: If a name is unknown or missing, or a value has another type.
        """
        named = {name: p for name, p in self.parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
        known = {name: p for name, p in named.items() if name not in reserved}
        for name in values:
            if name not in known and (name in reserved or not self.takes_any_name):
                raise ValueError(f"{self._full(name)} is unknown; known are {', '.join(sorted(known))}")
        for name, parameter in known.items():
            if name not in values and parameter.default is parameter.empty:
                raise ValueError(f"{self._full(name)} is missing")
        return {name: check_type(self._full(name), value, self.hints.get(name, Any)) for name, value in values.items()}

    def build(self, values: Mapping[str, Any], *positional: Any, **keywords: Any) -> T:
        """Return an object made from values of a configuration and from arguments known only at run time."""
        for name in keywords:
            if name not in self.parameters and not self.takes_any_name:
                raise ValueError(f"{self.where}._target_ is {self.cls.__name__}; its constructor must take {name}")
        reserved = [*list(self.parameters)[: len(positional)], *keywords]
        return self.cls(*positional, **keywords, **self.check(values, reserved))

    def _full(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name


def check_type(name: str, value: Any, hint: Any) -> Any:
    """Return the value as the type of a hint; ValueError names the place inside the value that has another type."""
    return check_value(name, value, TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True)))


def check_value(name: str, value: Any, adapter: TypeAdapter[Any]) -> Any:
    """Return the value as the type of an adapter; ValueError names the place inside the value that has another type."""
    try:
        return adapter.validate_python(value, strict=True)
    except ValidationError:
        pass
    try:
        return adapter.validate_python(_whole_numbers(value), strict=True)
    except ValidationError as error:
        raise ValueError(_message(name, value, adapter, error)) from None


def _whole_numbers(value: Any) -> Any:
    """Return the value with every float that is a whole number as an int."""
    if isinstance(value, dict):
        return {key: _whole_numbers(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _message(name: str, value: Any, adapter: TypeAdapter[Any], error: ValidationError) -> str:
    """Return one line about the errors at the innermost place, which belong to the alternative that fits best."""
    problems = [(_place(value, details["loc"]), details) for details in error.errors()]
    place = max((place for place, _ in problems), key=len)
    found = [details for other, details in problems if other == place]
    full = name + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)
    if found[0]["type"] == "missing":
        return f"{full}.{found[0]['loc'][-1]}".lstrip(".") + " is missing"
    allowed = [*dict.fromkeys(details["msg"].removeprefix("Input should be ") for details in found)]
    if not place and adapter.core_schema["type"] == "nullable":
        allowed.append("null")
    shown = " ".join(repr(found[0]["input"]).split())[:MAX_SHOWN]
    return f"{full.lstrip('.')} is {shown}; it must be {' or '.join(allowed)}"


def _place(value: Any, location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return the keys of a location that lead into the value; pydantic's also has names of alternatives."""
    place: tuple[int | str, ...] = ()
    for key in location:
        inside = isinstance(value, list) and isinstance(key, int) and key < len(value)
        if inside or (isinstance(value, dict) and key in value):
            value = value[key]
            place = (*place, key)
    return place
