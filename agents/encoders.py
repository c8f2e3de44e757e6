"""From observations to features: pixels, vectors, and dictionaries of them.

Legend: B batch (time folded in), F features.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from gymnasium import spaces
from torch import Tensor, nn

from memorl.memory.checks import require_positive

from .observations import Observation


class Pixels(nn.Module):
    """The three convolutions of Mnih et al. (2015, https://doi.org/10.1038/nature14236), as in the Memory Gym agents.

    Args:
        shape: Shape of one image, the channels last. Memory Gym's order [x][y][c] is taken as it is, which is the
            layout (channels last) that convolutions run fastest in.

    Raises:
        ValueError: If the image is too small.
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
            allowed = "at least 36 x 36 pixels, for three convolutions"
            raise ValueError(f"observation has shape {shape}; it must be {allowed}")
        self.output_size = 64 * math.prod(sides)

    def forward(self, obs: Tensor) -> Tensor:
        """Return features [B, F] of uint8 images [B, X, Y, C]."""
        images = obs.to(self.first.weight.dtype).permute(0, 3, 1, 2)
        scaled = self.first.weight / 255  # the weight instead of the images: it is the smaller
        return self.rest(F.conv2d(images, scaled, self.first.bias, self.first.stride)).flatten(1)


class Vector(nn.Module):
    """One linear layer and ReLU over a flat vector."""

    def __init__(self, size: int, output_size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(size, output_size)
        self.output_size = output_size

    def forward(self, obs: Tensor) -> Tensor:
        """Return features [B, F] of vectors [B, ...]."""
        return torch.relu(self.linear(obs.flatten(1).to(self.linear.weight.dtype)))


class Encoder(nn.Module):
    """An encoder for dictionaries of Box, Discrete, MultiDiscrete and MultiBinary observations.

    Each entry has a part of its own: `Pixels` for uint8 images, `Vector` for everything else. The features of all
    parts are concatenated and go through one linear layer and ReLU.

    Args:
        space: The observation space of one environment, a dictionary of named entries.
        output_size: Size F of the features that come out.
        vector_size: Size of the layer over each vector entry.

    Raises:
        ValueError: If the space holds an entry of another kind, or a size is not positive.
    """

    def __init__(self, space: spaces.Dict, output_size: int = 512, vector_size: int = 128) -> None:
        super().__init__()
        require_positive(output_size=output_size, vector_size=vector_size)
        self.values = {name: _values(entry) for name, entry in space.items()}
        parts = [_part(name, entry, vector_size) for name, entry in space.items()]
        self.parts = nn.ModuleList(parts)
        self.linear = nn.Linear(sum(part.output_size for part in parts), output_size)
        self.output_size = output_size
        orthogonal(self)
        self.to(memory_format=torch.channels_last)

    def forward(self, obs: Observation) -> Tensor:
        """Return features [B, F] of observations whose entries are [B, ...]."""
        parts = zip(self.values.items(), self.parts, strict=True)
        features = [part(_one_hot(obs[name], values)) for (name, values), part in parts]
        return torch.relu(self.linear(torch.cat(features, -1)))


def _values(space: spaces.Space) -> tuple[range, ...]:
    """Return the values of each component of a discrete observation; nothing where it is not discrete."""
    if isinstance(space, spaces.Discrete):
        return (range(int(space.start), int(space.start + space.n)),)
    if isinstance(space, spaces.MultiDiscrete):
        return tuple(range(int(a), int(a + n)) for a, n in zip(space.start.flat, space.nvec.flat, strict=True))
    return ()


def _part(name: str, space: spaces.Space, vector_size: int) -> Pixels | Vector:
    """Return the encoder of one entry."""
    if isinstance(space, spaces.Box) and space.dtype == np.uint8 and len(space.shape) == 3:
        return Pixels(space.shape)
    if isinstance(space, spaces.Box | spaces.MultiBinary):
        return Vector(math.prod(space.shape), vector_size)
    if values := _values(space):
        return Vector(sum(map(len, values)), vector_size)
    allowed = "Box, Discrete, MultiDiscrete, MultiBinary, or a Dict of them"
    raise ValueError(f"observation_space[{name!r}] is {space}; it must be {allowed}")


def _one_hot(obs: Tensor, values: tuple[range, ...]) -> Tensor:
    """Return discrete components [B, ...] as one-hot vectors side by side; anything else unchanged."""
    if not values:
        return obs
    components = obs.reshape(len(obs), len(values)).long().unbind(1)
    return torch.cat([F.one_hot(x - v.start, len(v)) for x, v in zip(components, values, strict=True)], -1)


def orthogonal(module: nn.Module, gain: float = math.sqrt(2)) -> None:
    """Make the weights of every linear and convolutional layer orthogonal; leave the biases as torch made them."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.orthogonal_(layer.weight, gain)
