"""Environments that allow one choice of each branch, say so in a form of their own, and count what is illegal."""

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces

MIXED = spaces.Dict(
    {
        "a": spaces.Discrete(3, start=5),
        "b": spaces.Tuple([spaces.Box(-1, 1, (2,)), spaces.MultiDiscrete([[2, 3], [3, 2]])]),
        "c": spaces.MultiBinary([1, 2]),
    }
)
PAIR = spaces.MultiDiscrete([2, 3])
MANY = spaces.MultiDiscrete([2 + i % 3 for i in range(12)])
GAME = spaces.Dict({"x": spaces.Discrete(2), "y": spaces.Discrete(3)})

ACTIONS = {
    "flat": MIXED, "names": MIXED, "inner names": MIXED, "branches": PAIR, "named branches": PAIR, "many": MANY,
    "inside": PAIR, "agents": GAME, "of gymnasium": MIXED, "missing part": GAME,
    "bits": spaces.Box(0, 1, (3,), np.bool_),
}  # fmt: skip
"""The action space of each form."""

ONLY_INFOS = ("of gymnasium",)


def leaves(space: Any, action: Any) -> list[tuple[Any, Any]]:
    """Return the single spaces of an action space that have choices, each with its part of an action."""
    if isinstance(space, spaces.Dict):
        return [leaf for name, part in space.items() for leaf in leaves(part, action[name])]
    if isinstance(space, spaces.Tuple):
        return [leaf for i, part in enumerate(space) for leaf in leaves(part, action[i])]
    return [] if isinstance(space, spaces.Box) and space.dtype != np.bool_ else [(space, action)]


def branches(space: Any, action: Any) -> list[tuple[int, int]]:
    """Return the number of choices of each branch, and what an action chooses."""
    found = []
    for leaf, chosen in leaves(space, action):
        start = getattr(leaf, "start", 0)
        sizes = getattr(leaf, "nvec", getattr(leaf, "n", 2) if isinstance(leaf, spaces.Discrete) else 2)
        chosen = np.asarray(chosen).astype(int) - start
        found += [(int(n), int(c)) for n, c in zip(np.broadcast_to(sizes, chosen.shape).flat, chosen.flat, strict=True)]
    return found


class Masked(gymnasium.Env[Any, Any]):
    """Allows one choice of each branch, another one at every step; `illegal` counts the others, `steps` all."""

    illegal: ClassVar[int] = 0
    steps: ClassVar[int] = 0

    def __init__(self, form: str = "flat", where: str = "infos", at_reset: bool = True) -> None:
        self.form = form
        self.where = where
        self.at_reset = at_reset
        self.action_space = ACTIONS[form]
        self.sizes = [n for n, _ in branches(self.action_space, self.action_space.sample())]
        self.t = 0
        entries: dict[str, Any] = {"v": spaces.Box(-1, 1, (2,))}
        if where == "observations":
            entries |= {name: as_space(part) for name, part in self.entries().items()}
        self.observation_space = spaces.Dict(entries)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.t = 0
        obs, infos = self.see()
        return obs, infos if self.at_reset else {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.at_reset or self.t:
            wrong = [c != self.legal(i) for i, (_, c) in enumerate(branches(self.action_space, action))]
            Masked.illegal += any(wrong[:1] if self.form == "missing part" else wrong)
            Masked.steps += 1
        self.t += 1
        return *((seen := self.see())[0], 1.0, self.t == 6, False), seen[1]

    def legal(self, branch: int) -> int:
        return (self.t + branch) % self.sizes[branch]

    def see(self) -> tuple[Any, dict[str, Any]]:
        obs = {"v": np.zeros(2, np.float32)}
        return (obs | self.entries(), {}) if self.where == "observations" else (obs, self.entries())

    def entries(self) -> dict[str, Any]:
        """Return the mask in its form, by name."""
        rows = [np.eye(n, dtype=np.int8)[self.legal(i)] for i, n in enumerate(self.sizes)]
        joined = np.concatenate(rows)
        mask: Any = {
            "flat": lambda: joined,
            "names": lambda: {"a": rows[0], "b": tuple(rows[1:5]), "c": np.concatenate(rows[5:])},
            "inner names": lambda: {
                "a": rows[0],
                "b": {"0": np.concatenate(rows[1:5])},
                "c": {"y": rows[5], "z": rows[6]},
            },
            "branches": lambda: tuple(rows),
            "many": lambda: tuple(rows),
            "named branches": lambda: {"first": rows[0], "second": rows[1]},
            "inside": lambda: rows,
            "agents": lambda: rows,
            "of gymnasium": lambda: {
                "a": rows[0],
                "b": (None, ((rows[1], rows[2]), (rows[3], rows[4]))),
                "c": np.array([[self.legal(5), self.legal(6)]], np.int8),
            },
            "missing part": lambda: {"x": rows[0]},
            "bits": lambda: joined,
        }[self.form]()
        if self.form == "inside":
            return {"game": {"turn": np.zeros(1, np.float32), "action_mask": joined}}
        if self.form == "agents":
            return {name: {"action_mask": row} for name, row in zip("xy", rows, strict=True)}
        return {"action_mask": mask}


def as_space(part: Any) -> spaces.Space:
    """Return the space of a part of an observation."""
    if isinstance(part, dict):
        return spaces.Dict({name: as_space(inner) for name, inner in part.items()})
    if isinstance(part, tuple):
        return spaces.Tuple([as_space(inner) for inner in part])
    return spaces.Box(0, 1, part.shape, part.dtype)
