"""The command line of the player: its settings, and the arguments of the environment."""

from dataclasses import dataclass, fields
from typing import Any

from memorl.envs.engine.names import unknown_name
from memorl.envs.engine.options import Integer, encode

from .scene import VIEWS

_NUMBERS = {"seed": Integer(0, 2**63 - 1), "zoom": Integer(1, 20), "steps": Integer(1, 100_000)}


@dataclass
class Settings:
    """The settings of the player."""

    env: str = "mystery_path"
    seed: int = 0
    view: str = "agent"
    zoom: int = 2
    record: str | None = None
    keys: str | None = None
    steps: int = 200

    def __post_init__(self) -> None:
        if self.view not in VIEWS:
            raise unknown_name("view", self.view, VIEWS)
        encode(_NUMBERS, {name: getattr(self, name) for name in _NUMBERS})


def settings_of(arguments: list[str]) -> tuple[Settings, dict[str, Any]]:
    """Return the settings and the environment's arguments of a command line; ValueError names a wrong key or value."""
    known = [field.name for field in fields(Settings)]
    own: dict[str, Any] = {}
    env: dict[str, Any] = {}
    rest = iter(arguments)
    for argument in rest:
        name, equals, text = argument.removeprefix("--").partition("=")
        if argument.startswith("--") and not equals:
            text = next(rest, "")
        if not (text or equals):
            raise ValueError(f"an argument is {argument!r}; it must be key=value or --help")
        if name.startswith("env."):
            env[name.removeprefix("env.")] = _value(name, text)
        elif name in known:
            own[name] = _value(name, text) if name in _NUMBERS else text
        else:
            raise unknown_name("key", name, [*known, "env.<argument>"])
    return Settings(**own), env


def _value(name: str, text: str) -> Any:
    """Return a number, list, dictionary or word, as in the files of configs."""
    from omegaconf import OmegaConf

    try:
        config: Any = OmegaConf.to_container(OmegaConf.create(f"value: {text}"), resolve=True)
    except Exception as error:
        raise ValueError(f"{name} is {text!r}, which cannot be read: {' '.join(str(error).split())[:80]}") from error
    return config["value"]
