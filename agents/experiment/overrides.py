"""Settings from Python: a dictionary, or texts as the command line has them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from .cli import PATHS

Overrides = Mapping[str, Any] | Sequence[str]
"""`{"agent.lr": 1e-3}`, or `["agent.lr=1e-3"]`."""

ALLOWED = "it must be a dictionary, or a list of texts such as 'agent.lr=1e-3'"


def read_overrides(overrides: Overrides | None, groups: Collection[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return settings by their keys, and choices by their groups.

    Args:
        overrides: Both, in one of the two forms.
        groups: Names of the groups, such as "memory".

    Raises:
        ValueError: If they have another form.
    """
    if isinstance(overrides, Mapping):
        pairs = list(overrides.items())
    elif isinstance(overrides, Sequence) and not isinstance(overrides, str | bytes):
        pairs = [_read(f"overrides[{i}]", text, groups) for i, text in enumerate(overrides)]
    elif overrides is None:
        pairs = []
    else:
        raise ValueError(f"overrides is {overrides!r}; {ALLOWED}")
    for key, _ in pairs:
        if not isinstance(key, str) or not key:
            raise ValueError(f"overrides has the key {key!r}; it must be a text such as 'agent.lr'")
    choices = {key: value for key, value in pairs if key in groups and isinstance(value, str)}
    return {key: value for key, value in pairs if key not in choices}, choices


def _read(where: str, text: Any, groups: Collection[str]) -> tuple[str, Any]:
    """Return the key and the value of one text."""
    name, equals, value = text.partition("=") if isinstance(text, str) else ("", "", "")
    key = name.strip().lstrip("+")
    if not equals or not key.split(".")[0].isidentifier():
        raise ValueError(f"{where} is {text!r}; it must be a text such as 'agent.lr=1e-3'")
    if key in groups or (key in PATHS and value != "null"):
        return key, value
    try:
        override = OverridesParser.create().parse_override(f"{key}={value}")
    except HydraException as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{where} is {text!r}, which cannot be read: {reason}") from None
    if override.is_sweep_override():
        raise ValueError(f"{where} is {text!r}, which has several values; it must have one")
    return key, override.value()
