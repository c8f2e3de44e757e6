"""From observations to features: pixels, vectors, and dictionaries of them.

Legend: B batch (time folded in), F features.
"""

import math
from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from gymnasium import spaces
from torch import Tensor, nn

from memorl.memory.base import require_positive

Observation = Tensor | dict[str, Tensor]


class Pixels(nn.Module):
    """The three convolutions of Mnih et al. (2015, https://doi.org/10.1038/nature14236), as in the Memory Gym agents.

    Args:
        shape: Of one image, the channels last. Memory Gym's order [x][y][c] is taken as it is, which is the layout
            (channels last) that convolutions run fastest in.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.first = nn.Conv2d(shape[2], 32, 8, 4)
        self.rest = nn.Sequential(
            nn.ReLU(inplace=True), nn.Conv2d(32, 64, 4, 2), nn.ReLU(inplace=True), nn.Conv2d(64, 64, 3, 1),
            nn.ReLU(inplace=True),
        )  # fmt: skip
        sides = [((side - 8) // 4 + 1 - 4) // 2 + 1 - 2 for side in shape[:2]]
        if min(sides) < 1:
            raise ValueError(f"observation has shape {shape}; three convolutions need at least 36 x 36 pixels")
        self.output_size = 64 * math.prod(sides)

    def forward(self, obs: Tensor) -> Tensor:
        """Features [B, F] of uint8 images [B, X, Y, C]."""
        images = obs.to(self.first.weight.dtype).permute(0, 3, 1, 2)
        scaled = self.first.weight / 255  # the weight instead of the images: it is the smaller
        return self.rest(F.conv2d(images, scaled, self.first.bias, self.first.stride)).flatten(1)


class Vector(nn.Module):
    """One linear layer and ReLU over a flat vector."""

    def __init__(self, size: int, output_size: int) -> None:
        super().__init__()
        self.linear, self.output_size = nn.Linear(size, output_size), output_size

    def forward(self, obs: Tensor) -> Tensor:
        """Features [B, F] of vectors [B, ...]."""
        return torch.relu(self.linear(obs.flatten(1).to(self.linear.weight.dtype)))


class Encoder(nn.Module):
    """An encoder for any Box, Discrete, MultiDiscrete or MultiBinary observation, and for dictionaries of these.

    Each entry has a part of its own: `Pixels` for uint8 images, `Vector` for the rest. What they make is laid
    side by side and goes through one linear layer and ReLU.

    Args:
        space: The observation space of one environment.
        output_size: Size of the features that come out.
        vector_size: Size of the layer over each vector entry.

    Raises:
        ValueError: If the space holds an entry of another kind, or a size is not positive.
    """

    def __init__(self, space: spaces.Space, output_size: int = 512, vector_size: int = 128) -> None:
        super().__init__()
        require_positive(output_size=output_size, vector_size=vector_size)
        entries: Mapping[str, spaces.Space] = space.spaces if isinstance(space, spaces.Dict) else {"": space}
        self.values = {name: _values(entry) for name, entry in entries.items()}
        parts: dict[str, Pixels | Vector] = {name: _part(name, entry, vector_size) for name, entry in entries.items()}
        self.parts = nn.ModuleList(parts.values())
        self.linear = nn.Linear(sum(part.output_size for part in parts.values()), output_size)
        self.output_size = output_size
        orthogonal(self)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, obs: Observation) -> Tensor:
        """Features [B, F] of observations [B, ...]."""
        entries = {"": obs} if isinstance(obs, Tensor) else obs
        named = zip(self.values.items(), self.parts, strict=True)
        features = [part(_one_hot(entries[name], values)) for (name, values), part in named]
        return torch.relu(self.linear(torch.cat(features, -1)))


def _values(space: spaces.Space) -> tuple[range, ...]:
    """The values that each component of a discrete observation takes; empty where it is not discrete."""
    if isinstance(space, spaces.Discrete):
        return (range(int(space.start), int(space.start + space.n)),)
    if isinstance(space, spaces.MultiDiscrete):
        return tuple(range(int(a), int(a + n)) for a, n in zip(space.start.flat, space.nvec.flat, strict=True))
    return ()


def _part(name: str, space: spaces.Space, vector_size: int) -> Pixels | Vector:
    if isinstance(space, spaces.Box) and space.dtype == np.uint8 and len(space.shape) == 3:
        return Pixels(space.shape)
    if isinstance(space, spaces.Box | spaces.MultiBinary):
        return Vector(math.prod(space.shape), vector_size)
    if values := _values(space):
        return Vector(sum(map(len, values)), vector_size)
    where = f"observation_space[{name!r}]" if name else "observation_space"
    raise ValueError(f"{where} is {space}; supported are Box, Discrete, MultiDiscrete, MultiBinary, and Dict of them")


def _one_hot(obs: Tensor, values: tuple[range, ...]) -> Tensor:
    if not values:
        return obs
    columns = obs.reshape(len(obs), len(values)).long().unbind(1)
    return torch.cat([nn.functional.one_hot(x - v.start, len(v)) for x, v in zip(columns, values, strict=True)], -1)


def orthogonal(module: nn.Module, gain: float = math.sqrt(2)) -> None:
    """Make the weights of every linear and convolutional layer orthogonal; their biases stay as torch made them."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.orthogonal_(layer.weight, gain)
