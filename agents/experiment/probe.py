"""A trained agent's memory, looked at while it acts; into TensorBoard."""

import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from memorl.agents import ActorCritic, Stream, collect
from memorl.memory.probes import by_age, effective_horizon, influence


def probe(model: ActorCritic, stream: Stream, seed: int, steps: int, board: SummaryWriter, at: int) -> dict[str, float]:
    """Act for some rows from the start of a level and write what the memory did with them.

    Writes the influence by age as a curve over the lag (`probe/influence`, with that of the present at 1), the whole
    matrix as a picture (rows are outputs, columns inputs), and the memory's own pictures.

    Args:
        model: What acts, by sampling.
        stream: One environment.
        seed: Its level.
        steps: Rows T.
        board: Where it is written.
        at: The training step that pictures are filed under.

    Returns:
        The effective horizons for half and for 90 % of the influence, in steps.
    """
    stream.reset([seed])
    rollout = collect(stream, model, model.memory.initial_state(1), steps)
    obs = {name: entry[:-1] for name, entry in rollout.obs.items()}
    first = rollout.first[:-1]
    with torch.no_grad():
        x = model.encode(obs, first)
        shown = model.memory.pictures(x, None, first)
    moved = influence(model.memory, x, None, first)
    profile = by_age(moved, first)
    for lag, value in enumerate((profile / profile[0].clamp(min=1e-12)).tolist()):
        board.add_scalar("probe/influence", value, lag)
    for name, picture in {"influence": moved[..., 0], **shown}.items():
        board.add_image(f"probe/{name}", _heat(picture), at)
    return {f"probe/horizon_{share:.0%}": float(effective_horizon(profile, share)) for share in (0.5, 0.9)}


def _heat(picture: Tensor, size: int = 512) -> Tensor:
    """A map [T, K] as an image [1, ., .], about `size` wide: black is the least, white the most of each row."""
    low, high = picture.amin(1, keepdim=True), picture.amax(1, keepdim=True)
    scaled = (picture - low) / (high - low).clamp(min=1e-12)
    times = max(1, size // max(picture.shape))
    return scaled.repeat_interleave(times, 0).repeat_interleave(times, 1)[None]
