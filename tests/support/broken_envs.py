"""Environments that fail some way into training, Broken-v0, or whose figures are not finite, Measured-v0."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

FAILURES: dict[str, BaseException | None] = {
    "value": ValueError("not a number"),
    "socket": ConnectionResetError("the simulator is gone"),
    "not_finite": None,
    "memory": MemoryError("no memory for the next picture"),
    "exit": SystemExit(),
    "exit_0": SystemExit(0),
    "exit_3": SystemExit(3),
    "exit_text": SystemExit("the window\nwas closed"),
    "interrupt": KeyboardInterrupt("a signal handler of the simulator"),
    "generator": GeneratorExit("the simulator's"),
}


class Broken(gymnasium.Env[Any, Any]):
    """Episodes of six steps; the step after `steps` others raises an error of a kind, or shows NaN."""

    observation_space = spaces.Box(-1, 1, (2,))
    action_space = spaces.Discrete(2)

    def __init__(self, kind: str, steps: int = 40) -> None:
        self.kind = kind
        self.remaining = steps

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.t = 0
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.t += 1
        self.remaining -= 1
        failure = FAILURES[self.kind]
        if self.remaining < 0 and failure:
            raise failure
        value = np.nan if self.remaining < 0 else 0
        return np.full(2, value, np.float32), 1.0, self.t == 6, False, {}


gymnasium.register("Broken-v0", Broken)


class Measured(gymnasium.Env[Any, Any]):
    """Episodes of one step, in every other of which a figure is not finite; another figure never is."""

    observation_space = spaces.Box(-1, 1, (2,))
    action_space = spaces.Discrete(2)
    resets = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.number = Measured.resets
        Measured.resets += 1
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        some = 2.5 if self.number % 2 else [np.nan, np.inf][self.number // 2 % 2]
        return np.zeros(2, np.float32), 1.0, True, False, {"some": some, "none": np.nan}


gymnasium.register("Measured-v0", Measured)


class BrokenWrapper(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Fails in a reset."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        raise ValueError("not in the mood")
