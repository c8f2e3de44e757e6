"""A film of keys or random actions, recorded without a display."""

from pathlib import Path
from typing import Any

import numpy as np

from .controls import controls_of, parse_keys
from .scene import Scene, format_infos
from .settings import Settings


def record_film(scene: Scene, settings: Settings) -> None:
    """Write a film of keys or random actions."""
    import imageio.v3 as imageio

    space = scene.plain.single_action_space
    space.seed(settings.seed)
    actions = parse_keys(settings.keys, controls_of(scene.plain)) if settings.keys is not None else None
    scene.reset(settings.seed)
    frames = [scene.picture(settings.zoom)]
    infos: dict[str, Any] | None = None
    for action in [space.sample() for _ in range(settings.steps)] if actions is None else actions[: settings.steps]:
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
