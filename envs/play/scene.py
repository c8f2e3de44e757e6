"""One env, looked at in several ways."""

from typing import Any

import numpy as np

from memorl.envs.drawing.window import Picture, mosaic
from memorl.envs.engine.observations import info_of_row
from memorl.envs.make import make

SIDE = 336
VIEWS = {"agent": ("rgb_array",), "truth": ("debug_rgb_array",), "both": ("rgb_array", "debug_rgb_array")}


class Scene:
    """One env for each view, all with the same seeds and actions."""

    def __init__(self, name: str, arguments: dict[str, Any], view: str) -> None:
        env = make(name, 1, **arguments)
        modes = env.metadata.get("render_modes", [])
        if "rgb_array" not in modes:
            raise ValueError(f"env={name} has no pictures to play by")
        if missing := set(VIEWS[view]) - set(modes):
            raise ValueError(f"view is {view!r}, but env={name} cannot draw {missing.pop()}; give view=agent")
        self.views = [known for known, needed in VIEWS.items() if set(needed) <= set(modes)]
        self.view = view
        self.env = env
        """An env without pictures, which is asked for its spaces and its keys."""
        self.envs = {mode: make(name, 1, render_mode=mode, **arguments) for mode in VIEWS["both"] if mode in modes}
        self.fps: float = env.metadata.get("render_fps", 10)

    def reset(self, seed: int) -> None:
        """Begin the episode of a seed."""
        for env in self.envs.values():
            env.reset(seed=seed)

    def step(self, action: Any) -> dict[str, Any] | None:
        """Act, and return the infos of the episode if it is over."""
        for env in self.envs.values():
            _, reward, terminated, truncated, infos = env.step(np.asarray([action], np.int64))
        return {"last reward": float(reward[0]), **info_of_row(infos, 0)} if terminated[0] or truncated[0] else None

    def picture(self, zoom: int) -> Picture:
        """Return the views side by side."""
        pictures = []
        for mode in VIEWS[self.view]:
            picture = np.asarray((self.envs[mode].render() or ())[0], np.uint8)
            times = zoom * max(1, SIDE // max(picture.shape[:2]))
            pictures.append(picture.repeat(times, 0).repeat(times, 1))
        return mosaic(pictures)


def format_infos(seed: int, infos: dict[str, Any]) -> str:
    """Return one line that says how the episode of a seed ended."""
    return f"seed {seed}: " + ", ".join(f"{key} {value}" for key, value in infos.items())
