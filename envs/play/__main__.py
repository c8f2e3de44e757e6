"""Play an environment by hand, or record a film of it without a display.

    python -m memorl.envs.play env=endless_mystery_path
    python -m memorl.envs.play env=mortar_mayhem_grid 'env.command_count=[3]' seed=7 view=both
    python -m memorl.envs.play env=searing_spotlights --record spotlights.gif
    python -m memorl.envs.play env=mystery_path view=truth keys='right*12 up*3' --record path.gif

env=NAME        a file of configs/env, or a Gymnasium id
env.KEY=VALUE   an argument of the environment, as in training; levels are off by default, so that
seed=0          is the level itself, as in Memory Gym
view=agent      what the agent sees; truth: what is hidden from it; both: side by side
zoom=2          how large: 1 is 336 pixels a side in most games
record=FILE     write a .gif (or .mp4, where imageio can) instead of opening a window; --record FILE is the same
keys=STRING     the keys to press in it, as "right*12 up+right*3 .*5" (. is nothing); without: random actions
steps=200       the largest number of its steps; it also ends at the end of the episode

Keys of the window: arrows or WASD as below, Page Up and Page Down the next and the last seed, Tab the next view, Enter
again, Escape leaves. Games of turns wait for a key. After an episode its infos are printed, and its keys for `keys=`.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from memorl.envs.engine.batched_env import BatchedEnv
from memorl.envs.make import config_names, make

from .controls import controls_of, parse_keys
from .game import Game
from .scene import Scene, format_infos
from .settings import Settings, settings_of


def help_text() -> str:
    """Return the help: this file's docstring, the environments, and what keys do in each kind of game."""
    games = {
        "mortar_mayhem": "games of eight directions",
        "mystery_path_grid": "games on a grid",
        "endless_mystery_path": "endless_mystery_path",
        "minigrid_memory": "MiniGrid",
    }
    usage = str(__doc__)
    if Path(sys.argv[0]).name.startswith("memorl-"):
        usage = usage.replace("python -m memorl.envs.play", "memorl-play")
    lines = [usage, "env: " + ", ".join(config_names()), ""]
    for name, what in games.items():
        controls = controls_of(make(name))
        lines += [f"{what}:", *(f"    {keys:24}{meaning}" for keys, meaning in controls.help.items())]
    return "\n".join(lines)


MAX_FILM = 2 * 10**9
"""Bytes of the pictures of a film, which are held in memory."""


def record_film(scene: Scene, settings: Settings) -> None:
    """Write a film of keys or random actions."""
    import imageio.v3 as imageio

    space = scene.env.single_action_space
    space.seed(settings.seed)
    if settings.keys is None:
        actions = [space.sample() for _ in range(settings.steps)]
    else:
        actions = parse_keys(settings.keys, controls_of(scene.env))[: settings.steps]
    scene.reset(settings.seed)
    frames = [scene.picture(settings.zoom)]
    size = len(actions) * frames[0].nbytes
    if size > MAX_FILM:
        raise ValueError(f"{len(actions)} pictures need {size / 1e9:.1f} GB of memory; choose fewer steps or less zoom")
    infos: dict[str, Any] | None = None
    for action in actions:
        infos = scene.step(action)
        frames.append(scene.picture(settings.zoom))
        if infos is not None:
            break
    file = Path(str(settings.record))
    film: dict[str, Any] = {"duration": 1000 / scene.fps, "loop": 0} if file.suffix == ".gif" else {"fps": scene.fps}
    imageio.imwrite(file, np.stack(frames), **film)
    print(f"{len(frames)} pictures, written to {file}")
    if infos is not None:
        print(format_infos(settings.seed, infos))


def open_game(scene: Scene, settings: Settings) -> Game:
    """Open the window of a game; RuntimeError says what to do where there is no display."""
    try:
        return Game(scene, controls_of(scene.env), settings)
    except RuntimeError as error:
        raise RuntimeError(f"{error}; --record {settings.env.rpartition('/')[2]}.gif writes a film instead") from error


def main(arguments: list[str]) -> None:
    """Play or record."""
    if {"-h", "--help"} & set(arguments):
        print(help_text())
        return
    try:
        settings, env_arguments = settings_of(arguments)
        if isinstance(make(settings.env, 1, **env_arguments), BatchedEnv):
            env_arguments = {"levels": None} | env_arguments
        scene = Scene(settings.env, env_arguments, settings.view)
        if settings.record is not None:
            record_film(scene, settings)
        else:
            open_game(scene, settings).run()
    except (ValueError, RuntimeError, OSError, ImportError) as error:
        raise SystemExit(f"error: {error}") from error


def command() -> None:
    """Run `main` with the arguments of the command line."""
    main(sys.argv[1:])


if __name__ == "__main__":
    command()
