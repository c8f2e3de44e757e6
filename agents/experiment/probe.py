"""Measurements of a trained agent's memory while it acts, into TensorBoard.

No two of them share a tag: TensorBoard shows only one kind of data under a name.
"""

from pathlib import Path

import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from memorl.agents import ActorCritic, Stream, collect
from memorl.memory.probes import by_age, effective_horizon, influence

IMAGE_SIZE = 512  # width or height of a heat map in pixels, about


def probe_memory(model: ActorCritic, stream: Stream, seed: int, rows: int, folder: Path, step: int) -> dict[str, float]:
    """Act from the start of a level and write how the inputs moved the outputs of the memory.

    Writes the influence by age as a curve over the lag (`probe/influence_by_age`, relative to the influence of the
    present), the whole matrix as a heat map (rows are outputs, columns inputs), and the memory's own heat maps.

    Args:
        model: The model that acts, by sampling.
        stream: One environment.
        seed: Its level.
        rows: Rows T to act for.
        folder: The folder in which the training step has a folder of TensorBoard events, whose curves lie one upon the
            other in a chart. What an earlier probe of the same step wrote is replaced.
        step: The training step.

    Returns:
        The effective horizons for half and for 90 % of the influence, in steps.
    """
    stream.reset([seed])
    rollout = collect(stream, model, model.memory.initial_state(1), rows)
    obs = {name: entry[:-1] for name, entry in rollout.obs.items()}
    first = rollout.first[:-1]
    with torch.no_grad():
        x = model.encode(obs, first)
        heatmaps = model.memory.heatmaps(x, None, first)
    matrix = influence(model.memory, x, None, first)
    profile = by_age(matrix, first)
    with SummaryWriter(str(folder / f"probe-step-{step:012}"), purge_step=0) as board:
        for lag, value in enumerate((profile / profile[0].clamp(min=1e-12)).tolist()):
            board.add_scalar("probe/influence_by_age", value, lag)
        for name, heatmap in {"influence": matrix[..., 0], **heatmaps}.items():
            board.add_image(f"probe/heatmap/{name}", _image(heatmap), step)
    return {f"probe/horizon_{share:.0%}": float(effective_horizon(profile, share)) for share in (0.5, 0.9)}


def _image(heatmap: Tensor) -> Tensor:
    """Return a heat map [T, K] as an image [1, ., .]: black is the least, white the most of each row."""
    low = heatmap.amin(1, keepdim=True)
    high = heatmap.amax(1, keepdim=True)
    scaled = (heatmap - low) / (high - low).clamp(min=1e-12)
    times = max(1, IMAGE_SIZE // max(heatmap.shape))
    return scaled.repeat_interleave(times, 0).repeat_interleave(times, 1)[None]
