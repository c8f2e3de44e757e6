"""Play an environment by hand, or record a film of it without a display.

    python -m memorl.envs.play env=endless_mystery_path
    python -m memorl.envs.play env=mortar_mayhem_grid 'env.command_count=[3]' seed=7 view=both
    python -m memorl.envs.play env=searing_spotlights --record spotlights.gif
    python -m memorl.envs.play env=mystery_path view=truth keys='right*12 up*3' --record path.gif

env=NAME        a file of configs/env, or a Gymnasium id
env.KEY=VALUE   an argument of the environment, as for train.py; levels are off unless given, so that
seed=0          is the level itself, as in Memory Gym
view=agent      what the agent sees; truth: what is hidden from it; both: side by side
zoom=2          how large: 1 is 336 pixels a side in most games
record=FILE     write a .gif (or .mp4, where imageio can) instead of opening a window; --record FILE is the same
keys=STRING     what to press in it, as "right*12 up+right*3 .*5" (. is nothing); without: random actions
steps=200       at most so many steps in it; it also ends where the episode does

Keys of the window: arrows or WASD as below, Page Up and Page Down the next and the last seed, Tab the next view, Enter
again, Escape leaves. Games of turns wait for a key. After an episode its infos are printed, and its keys for `keys=`.
"""

import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from memorl.envs.controls import Controls, Keys, batch_of_one, controls_of, parse, spell
from memorl.envs.core import BatchedEnv
from memorl.envs.info_rows import of_row
from memorl.envs.make import config_names, make
from memorl.envs.names import unknown
from memorl.envs.window import Picture, Window, mosaic

SIDE = 336
VIEWS = {"agent": ("rgb_array",), "truth": ("debug_rgb_array",), "both": ("rgb_array", "debug_rgb_array")}
_SAME = {"w": "up", "a": "left", "s": "down", "d": "right"}


@dataclass
class Settings:
    """What the command line says."""

    env: str = "mystery_path"
    seed: int = 0
    view: str = "agent"
    zoom: int = 2
    record: str | None = None
    keys: str | None = None
    steps: int = 200

    def __post_init__(self) -> None:
        if self.view not in VIEWS:
            raise unknown("view", self.view, VIEWS)
        for name, least in (("seed", 0), ("zoom", 1), ("steps", 1)):
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise ValueError(f"{name} is {value!r}; it must be a whole number from {least}")


class Scene:
    """One env, once for each way to look at it: all are given the same seeds and actions."""

    def __init__(self, name: str, arguments: dict[str, Any], view: str) -> None:
        plain = make(name, 1, **arguments)
        modes = plain.metadata.get("render_modes", [])
        if "rgb_array" not in modes:
            raise ValueError(f"env={name} has no pictures to play by")
        if missing := set(VIEWS[view]) - set(modes):
            raise ValueError(f"view is {view!r}, but env={name} cannot draw {missing.pop()}; give view=agent")
        self.views = [known for known, needed in VIEWS.items() if set(needed) <= set(modes)]
        self.view, self.plain = view, plain
        self.envs = {mode: make(name, 1, render_mode=mode, **arguments) for mode in VIEWS["both"] if mode in modes}
        self.fps: float = plain.metadata.get("render_fps", 10)

    def reset(self, seed: int) -> None:
        """Begin the episode of a seed."""
        for env in self.envs.values():
            env.reset(seed=seed)

    def step(self, action: Any) -> dict[str, Any] | None:
        """Act; the infos of the episode if it is over."""
        for env in self.envs.values():
            _, reward, terminated, truncated, infos = env.step(batch_of_one(action))
        return {"last reward": float(reward[0]), **of_row(infos, 0)} if terminated[0] or truncated[0] else None

    def picture(self, zoom: int) -> Picture:
        """The views side by side."""
        shown = []
        for mode in VIEWS[self.view]:
            picture = np.asarray((self.envs[mode].render() or ())[0], np.uint8)
            times = zoom * max(1, SIDE // max(picture.shape[:2]))
            shown.append(picture.repeat(times, 0).repeat(times, 1))
        return mosaic(shown)


def record(scene: Scene, settings: Settings) -> None:
    """Write a film of keys or random actions."""
    import imageio.v3 as imageio

    space = scene.plain.single_action_space
    space.seed(settings.seed)
    actions = parse(settings.keys, controls_of(scene.plain)) if settings.keys is not None else None
    scene.reset(settings.seed)
    frames, told = [scene.picture(settings.zoom)], None
    for action in [space.sample() for _ in range(settings.steps)] if actions is None else actions[: settings.steps]:
        told = scene.step(action)
        frames.append(scene.picture(settings.zoom))
        if told is not None:
            break
    file = Path(str(settings.record))
    film: dict[str, Any] = {"duration": 1000 / scene.fps, "loop": 0} if file.suffix == ".gif" else {"fps": scene.fps}
    imageio.imwrite(file, np.stack(frames), **film)
    print(f"{len(frames)} pictures, written to {file}")
    if told is not None:
        print(_line(settings.seed, told))


class Game:
    """The window and what is pressed in it."""

    def __init__(self, scene: Scene, controls: Controls, settings: Settings) -> None:
        self.scene, self.controls, self.seed, self.zoom = scene, controls, settings.seed, settings.zoom
        self.window = Window(f"{settings.env} {self.seed}", 30 if controls.waits else scene.fps)
        self.held: set[str] = set()
        self.tapped: set[str] = set()
        self.open = True
        self.begin()

    def begin(self) -> None:
        """Begin the episode of the seed."""
        self.scene.reset(self.seed)
        self.over, self.pressed = False, list[Keys]()
        self.window.title(f"seed {self.seed}")

    def run(self) -> None:
        """Play until the window is left."""
        while self.open:
            self.listen()
            keys = frozenset(self.tapped if self.controls.waits else self.held | self.tapped)
            action = None if self.over or not self.open else self.controls.action(keys)
            self.tapped = set()
            if action is not None:
                self.pressed.append(keys)
                told = self.scene.step(action)
                if told is not None:
                    self.over = True
                    print(_line(self.seed, told), f"keys='{spell(self.pressed)}'", sep="\n", flush=True)
            self.window.show(self.scene.picture(self.zoom))
        self.window.close()

    def listen(self) -> None:
        """Take in what was pressed."""
        pygame = self.window.pygame
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                self.open = False
            elif event.type == pygame.KEYUP:
                self.held.discard(self.name(event.key))
            elif event.type == pygame.KEYDOWN:
                self.hear(self.name(event.key))

    def name(self, key: int) -> str:
        """The name of a key; letters that stand for arrows are arrows."""
        name = str(self.window.pygame.key.name(key))
        return _SAME.get(name, name)

    def hear(self, name: str) -> None:
        """Do what a key does, or keep it for the game."""
        known = {known for names in self.controls.told for known in names.split(", ")}
        if name == "escape":
            self.open = False
        elif name == "tab":
            views = self.scene.views
            self.scene.view = views[(views.index(self.scene.view) + 1) % len(views)]
        elif name in ("page up", "page down", "return"):
            self.seed = max(0, self.seed + {"page up": 1, "page down": -1, "return": 0}[name])
            self.begin()
        elif name in known:
            self.held.add(name)
            self.tapped.add(name)


def _line(seed: int, told: dict[str, Any]) -> str:
    return f"seed {seed}: " + ", ".join(f"{key} {value}" for key, value in told.items())


def settings_of(arguments: list[str]) -> tuple[Settings, dict[str, Any]]:
    """The settings and the environment's arguments of a command line.

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
            text, equals = rest.pop(0), "="
        if not equals:
            raise ValueError(f"{argument!r} is not understood: give key=value, or --help")
        if name.startswith("env."):
            env[name.removeprefix("env.")] = _value(name, text)
        elif name in kinds:
            own[name] = text if kinds[name] in (str, str | None) else _value(name, text)
        else:
            raise unknown("key", name, [*kinds, "env.<argument>"])
    return Settings(**own), env


def _value(name: str, text: str) -> Any:
    """A number, list, dictionary or word, as in the files of configs."""
    from omegaconf import OmegaConf

    try:
        config: Any = OmegaConf.to_container(OmegaConf.create(f"value: {text}"), resolve=True)
    except Exception as error:
        raise ValueError(f"{name} is {text!r}, which cannot be read: {' '.join(str(error).split())[:80]}") from error
    return config["value"]


def tell() -> str:
    """The help: this file's docstring, the environments, and what keys do in each kind of game."""
    games = {
        "mortar_mayhem": "games of eight directions",
        "mystery_path_grid": "games on a grid",
        "endless_mystery_path": "endless_mystery_path",
        "minigrid_memory": "MiniGrid",
    }
    lines = [str(__doc__), "env: " + ", ".join(config_names()), ""]
    for name, what in games.items():
        controls = controls_of(make(name))
        lines += [f"{what}:", *(f"    {keys:24}{meaning}" for keys, meaning in controls.told.items())]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Play or record."""
    if {"-h", "--help"} & set(arguments):
        print(tell())
        return
    try:
        settings, given = settings_of(arguments)
        if isinstance(make(settings.env, 1, **given), BatchedEnv):
            given = {"levels": None} | given
        scene = Scene(settings.env, given, settings.view)
        if settings.record is not None:
            record(scene, settings)
        else:
            Game(scene, controls_of(scene.plain), settings).run()
    except (ValueError, RuntimeError, OSError, ImportError) as error:
        raise SystemExit(f"error: {error}") from error


if __name__ == "__main__":
    main(sys.argv[1:])
