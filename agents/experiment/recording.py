"""Videos of an agent that acts."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from memorl.agents import ActorCritic, Stream

from .evaluation import run_episodes
from .files import replace_file
from .film import Film, require_film
from .held_out import build_held_out_stream

DEFAULT_RATE = 15  # pictures a second, where the environment does not say


def build_video_stream(
    config: Mapping[str, Any], device: torch.device, level: int, changes: Mapping[str, Any]
) -> Stream:
    """Return a stream of one environment that renders, after it has rendered once.

    Args:
        config: The configuration of a run.
        device: Device of the tensors.
        level: A level.
        changes: Arguments of the environment that differ from the run's.

    Raises:
        ValueError: If the environment has no pictures.
    """
    try:
        stream = build_held_out_stream(config, 1, device, changes, render_mode="rgb_array")
        stream.reset([level])
        take_picture(stream)
    except Exception as error:  # without a word for it in Gymnasium, each environment fails in its own way
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"video cannot be made, the environment has no pictures: {reason}; leave out video="
        ) from error
    return stream


def take_picture(stream: Stream) -> np.ndarray:
    """Return the picture of the first environment of a stream, bytes [H, W, 3].

    Raises:
        ValueError: If that is no picture.
    """
    rendered = stream.env.render()
    picture = None if rendered is None else rendered[0]
    if not isinstance(picture, np.ndarray) or picture.ndim != 3 or picture.shape[2] != 3:
        shape = getattr(picture, "shape", type(picture).__name__)
        raise ValueError(f"render() returns {shape}; it must be an array [H, W, 3]")
    return picture.astype(np.uint8, copy=False)


def record_video(
    model: ActorCritic, stream: Stream, file: Path, levels: Sequence[int], seed: int, greedy: bool, max_steps: int,
    on_end: Callable[[], None] = lambda: None,
) -> None:  # fmt: skip
    """Write a video with one episode of each level in turn, the same episodes as an evaluation with the same seed.

    Args:
        model: The model that acts.
        stream: One environment that renders.
        file: The file to write, which is complete or absent; its ending is one of `FORMATS`.
        levels: The level of each episode.
        seed: The seed of the sampled actions.
        greedy: Take the most likely action instead of sampling.
        max_steps: Number of steps after which an episode is cut.
        on_end: Called at the end of every episode.

    Raises:
        ValueError: If the ending is another one, the folder does not exist, or the pictures cannot be filmed.
        OSError: If the file cannot be written.
    """

    def add_picture() -> None:
        film.add(take_picture(stream))

    rate = round(stream.env.metadata.get("render_fps") or DEFAULT_RATE)
    require_film(file)
    with replace_file(file) as opened, Film(opened, file.suffix, rate) as film:
        run_episodes(model, stream, levels, seed, greedy, max_steps, add_picture, on_end)
