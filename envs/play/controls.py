"""The meaning of keys in each game, and strings of keys.

A string of keys is what is pressed at each step, separated by spaces: `right*12 up+right*3 .*5` is right for twelve
steps, up and right together for three, and nothing for five.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from gymnasium.spaces import Discrete, MultiDiscrete
from gymnasium.vector import VectorEnv

from memorl.envs.adapters.minigrid import MiniGrid

Keys = frozenset[str]


@dataclass(frozen=True)
class Controls:
    """The keys of a game."""

    action: Callable[[Keys], Any]
    """Turns the pressed keys into an action of one env; None if the keys have no meaning."""
    waits: bool
    """True if time stands still until a key is pressed."""
    help: dict[str, str]
    """The meaning of the keys."""

    @property
    def names(self) -> set[str]:
        """The names of all keys."""
        return {name for names in self.help for name in names.split(", ")}


def controls_of(env: VectorEnv[Any, Any, Any]) -> Controls:
    """Return the controls of a game; ValueError if it cannot be played with keys."""
    space = env.single_action_space
    if isinstance(space, MultiDiscrete) and space.nvec.tolist() == [3, 3]:
        return Controls(_axes, False, {"left, right, up, down": "go there, also two at once; without a key: stay"})
    if isinstance(env, MiniGrid):
        names = {"left": 0, "right": 1, "up": 2, "p": 3, "o": 4, "space": 5, "x": 6}
        meaning = {"left, right": "turn", "up": "forward", "p, o": "pick up, drop"}
        meaning |= {"space": "open or close", "x": "done"}
        return Controls(_single(names, None), True, meaning)
    if isinstance(space, Discrete) and getattr(env, "endless", False):
        meaning = {"right, up, down": "go there; without a key: stay"}
        return Controls(_single({"right": 1, "up": 2, "down": 3}, 0), False, meaning)
    if isinstance(space, Discrete) and getattr(env, "grid", False):
        meaning = {"left, right": "turn", "up": "one tile forward", "space": "stay"}
        return Controls(_single({"space": 0, "left": 1, "right": 2, "up": 3}, None), True, meaning)
    if isinstance(space, Discrete) and space.n <= 10:
        names = {str(number): int(number + space.start) for number in range(int(space.n))}
        return Controls(_single(names, None), True, {", ".join(names): "the action of that number"})
    raise ValueError(f"actions {space} cannot be played with keys; record=<file> plays random ones")


def _axes(keys: Keys) -> list[int]:
    across = 2 if "right" in keys else 1 if "left" in keys else 0
    return [across, 2 if "down" in keys else 1 if "up" in keys else 0]


def _single(names: dict[str, int], otherwise: int | None) -> Callable[[Keys], Any]:
    return lambda keys: next((action for name, action in names.items() if name in keys), otherwise)


def parse_keys(text: str, controls: Controls) -> list[Any]:
    """Return the actions of a string of keys; ValueError names a part that means nothing."""
    actions = []
    for part in text.split():
        match = re.fullmatch(r"([a-z0-9.]+(?:\+[a-z0-9]+)*)(?:\*(\d{1,5}))?", part)
        pressed = frozenset(match[1].split("+") if match and match[1] != "." else [])
        action = controls.action(pressed) if match and pressed <= controls.names else None
        if match is None or action is None:
            known = ", ".join(sorted(controls.names))
            raise ValueError(f"keys has {part!r}, which means nothing here; known are {known}")
        actions += [action] * int(match[2] or 1)
    return actions


def format_keys(pressed: Iterable[Keys]) -> str:
    """Return the string of the keys pressed at each step."""
    parts = []
    for keys, run in groupby(pressed):
        count = len(list(run))
        parts.append("+".join(sorted(keys) or ["."]) + (f"*{count}" if count > 1 else ""))
    return " ".join(parts)
