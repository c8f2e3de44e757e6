"""The command line of the player: its settings, and the arguments of the environment."""

from dataclasses import dataclass, fields
from typing import Any

from memorl.envs.engine.names import unknown_name

from .scene import VIEWS


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
        for name, least in (("seed", 0), ("zoom", 1), ("steps", 1)):
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise ValueError(f"{name} is {value!r}; it must be a whole number from {least}")


def settings_of(arguments: list[str]) -> tuple[Settings, dict[str, Any]]:
    """Return the settings and the environment's arguments of a command line.

    Raises:
        ValueError: It names an unknown key or a value that cannot be.
    """
    kinds = {field.name: field.type for field in fields(Settings)}
    own: dict[str, Any] = {}
    env: dict[str, Any] = {}
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        name, equals, text = argument.removeprefix("--").partition("=")
        if not equals and argument.startswith("--") and rest:
            text = rest.pop(0)
            equals = "="
        if not equals:
            raise ValueError(f"an argument is {argument!r}; it must be key=value or --help")
        if name.startswith("env."):
            env[name.removeprefix("env.")] = _value(name, text)
        elif name in kinds:
            own[name] = text if kinds[name] in (str, str | None) else _value(name, text)
        else:
            raise unknown_name("key", name, [*kinds, "env.<argument>"])
    return Settings(**own), env


def _value(name: str, text: str) -> Any:
    """Return a number, list, dictionary or word, as in the files of configs."""
    from omegaconf import OmegaConf

    try:
        config: Any = OmegaConf.to_container(OmegaConf.create(f"value: {text}"), resolve=True)
    except Exception as error:
        raise ValueError(f"{name} is {text!r}, which cannot be read: {' '.join(str(error).split())[:80]}") from error
    return config["value"]
