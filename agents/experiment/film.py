"""Videos of an agent that acts."""

from collections.abc import Sequence
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from memorl.agents import ActorCritic, Stream

from .evaluation import run_episodes

SCALE = 4  # pixels of the video a side, for each pixel that is rendered


def record_video(
    model: ActorCritic, stream: Stream, file: Path, seeds: Sequence[int], greedy: bool, max_steps: int
) -> None:
    """Write one episode of each seed, one after the other, as an animation.

    Args:
        model: The model that acts.
        stream: One environment that renders.
        file: The file to write; its ending says the format, as `.gif`.
        seeds: The level of each episode.
        greedy: Take the most likely action instead of sampling.
        max_steps: Number of steps after which an episode is cut.
    """
    frames: list[np.ndarray] = []

    def add_frame() -> None:
        rendered = stream.env.render()
        assert rendered is not None
        frames.append(np.asarray(rendered[0]).repeat(SCALE, 0).repeat(SCALE, 1))

    for seed in seeds:
        run_episodes(model, stream, [seed], greedy, max_steps, add_frame)
    iio.imwrite(file, frames, duration=1000 / stream.env.metadata.get("render_fps", 15), loop=0)
