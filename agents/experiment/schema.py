"""The constructor is the schema: configuration values are checked against its type hints, by pydantic.

Types are strict (a text is no number), with two exceptions: a whole number may be written as a float, such as 1e6, and
what yaml has not is written as in JSON, a tuple as a list and a member of an enumeration as its value.
"""

import inspect
import json
from collections.abc import Collection, Mapping
from typing import Any, Generic, TypeVar, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import is_typeddict

from .names import describe_known, find_object
from .represent import NoFormError, is_form_of, represent, represent_all

T = TypeVar("T")

MAX_SHOWN = 200  # characters of a value that an error message shows at most


class Constructor(Generic[T]):
    """A class, and values of a configuration for the arguments of its constructor.

    Args:
        where: Name of the configuration in messages; empty at the top level.
        cls: The class, or a function that returns an object of one.
        values: Arguments by name.
    """

    def __init__(self, where: str, cls: type[T], values: Mapping[str, Any]) -> None:
        self.where = where
        self.cls = cls
        self.values = dict(values)
        self.parameters = inspect.signature(cls).parameters
        self.takes_any_name = any(p.kind is p.VAR_KEYWORD for p in self.parameters.values())
        unnamed = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        self.defaults = {name: p.default for name, p in self.parameters.items() if p.kind not in unnamed}

    @classmethod
    def from_target(cls, where: str, config: Any, kind: type[T]) -> "Constructor[T]":
        """Return the constructor of the class that `config["_target_"]` names; the other entries are its values.

        Raises:
            ValueError: If it cannot be imported, or is not a subclass of `kind`.
        """
        values = dict(check_value(where, config, dict[str, Any]))
        target = str(values.pop("_target_", None))
        found = find_object(f"{where}._target_", target)
        made = found if inspect.isclass(found) else _hints(found).get("return") if inspect.isfunction(found) else None
        if not (inspect.isclass(made) and issubclass(made, kind)):
            or_function = ", or a function with one as its return type" if inspect.isfunction(found) else ""
            raise ValueError(f"{where}._target_ is {target}; it must be a {kind.__name__}{or_function}")
        return Constructor(where, found, values)

    def check(self, reserved: Collection[str] = ()) -> dict[str, Any]:
        """Return the values converted to the types of the hints.

        Args:
            reserved: Names of the arguments that the values must not set.

        Raises:
            ValueError: If a name is unknown or missing, or a value has another type.
        """
        known = {name: default for name, default in self.defaults.items() if name not in reserved}
        for name in self.values:
            if name not in known and (name in reserved or not self.takes_any_name):
                raise ValueError(f"{self._full(name)} is unknown; {describe_known(name, known)}")
        for name, default in known.items():
            if name not in self.values and default is inspect.Parameter.empty:
                raise ValueError(f"{self._full(name)} is missing")
        hints = _hints(self.cls)
        return {name: self._check_argument(name, value, hints) for name, value in self.values.items()}

    def resolve(self, reserved: Collection[str] = ()) -> dict[str, Any]:
        """Return the values, and the default of every other argument, as a configuration holds them.

        Raises:
            ValueError: If a value has no form in a configuration; a default that has none is left out.
        """
        defaults = {name: default for name, default in self.defaults.items() if name not in reserved}
        forms = represent_all(defaults)
        for name, value in self.values.items():
            try:
                forms[name] = represent(value)
            except NoFormError as error:
                raise ValueError(f"{self._full(name)} is {error}") from None
        return forms

    def build(self, *positional: Any, **keywords: Any) -> T:
        """Return an object made from the values and from arguments known only at run time.

        A ValueError of the constructor that begins with the name of an argument gets the key of the configuration.
        """
        for name in keywords:
            if name not in self.parameters and not self.takes_any_name:
                raise ValueError(f"{self.where}._target_ is {self.cls.__name__}; its constructor must take {name}")
        reserved = [*list(self.parameters)[: len(positional)], *keywords]
        arguments = self.check(reserved)
        try:
            return self.cls(*positional, **keywords, **arguments)
        except ValueError as error:
            name = str(error).partition(" ")[0].partition(".")[0]
            if (
                self.where
                and type(error) is ValueError
                and name in {**self.parameters, **arguments}
                and name not in reserved
            ):
                error.args = (self._full(str(error)),)  # the same error, whose traceback stays that of the constructor
            raise

    def _check_argument(self, name: str, value: Any, hints: Mapping[str, Any]) -> Any:
        """Return the value of an argument as the type of its hint; the form of the default is the default."""
        default = self.defaults.get(name, inspect.Parameter.empty)
        if is_form_of(value, default):
            return default
        if name not in hints and isinstance(default, tuple) and isinstance(value, list):
            return tuple(value)
        return check_value(self._full(name), value, hints.get(name, Any))

    def _full(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name


def _hints(found: Any) -> dict[str, Any]:
    """Return the type hints of a constructor or function."""
    return get_type_hints(found.__init__ if inspect.isclass(found) else found)


def check_value(name: str, value: Any, hint: Any, lenient: bool = True) -> Any:
    """Return the value converted to the type of a hint; ValueError names the part of the value that has another type.

    Args:
        name: Name of the value in messages.
        value: The value.
        hint: The type.
        lenient: Take a whole number that is written as a float.
    """
    adapter = TypeAdapter(hint, config=None if is_typeddict(hint) else ConfigDict(arbitrary_types_allowed=True))
    try:
        return adapter.validate_python(value, strict=True)
    except ValidationError:
        pass
    try:
        return adapter.validate_python(_whole_numbers(value) if lenient else value, strict=True)
    except ValidationError as error:
        if lenient and (found := _from_json(adapter, value)) is not None:
            return found
        raise ValueError(_message(name, value, adapter, error)) from None


def _from_json(adapter: TypeAdapter[Any], value: Any) -> Any:
    """Return the value as the type reads it from JSON, where a tuple is a list and an enumeration its value."""
    try:
        return adapter.validate_json(json.dumps(value), strict=True)
    except (ValidationError, TypeError, ValueError):
        return None


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
    text = " ".join(repr(found[0]["input"]).split())[:MAX_SHOWN]
    return f"{full.lstrip('.')} is {text}; it must be {' or '.join(allowed)}"


def _place(value: Any, location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return the keys of a location that lead into the value; pydantic's also has names of alternatives."""
    place: tuple[int | str, ...] = ()
    for key in location:
        inside = isinstance(value, list) and isinstance(key, int) and key < len(value)
        if inside or (isinstance(value, dict) and key in value):
            value = value[key]
            place = (*place, key)
    return place
