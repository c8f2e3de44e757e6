"""From observations to features: images, vectors, and dictionaries of them.

Legend: B batch (time folded in), H rows, W columns, C channels, F features.
"""

import math
from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from gymnasium import spaces
from torch import Tensor, nn

from memorl.memory.checks import require_positive

from .layouts import Layout, channels_last, choose_layout, image_shape
from .observations import Observation

MIN_SIDE = 36
"""Rows and columns from which an image goes through the convolutions of Mnih et al."""

MAX_CELLS = 15
"""Rows and columns up to which bytes are codes of what is in a cell, as in MiniGrid, and no brightness."""

LARGEST_CODE = 10
"""The largest code of MiniGrid."""


class Pixels(nn.Module):
    """Three convolutions over an image.

    From 36 x 36 pixels on they are those of Mnih et al. (2015, https://doi.org/10.1038/nature14236), as in the Memory
    Gym agents; smaller images have 3 x 3 kernels, which keep the size once and halve it twice.

    Args:
        shape: H, W and C. Memory Gym's order [x][y][c] is taken as it is, which is the layout (channels last) that
            convolutions run fastest in.
        layout: The layout of the images.
        largest: The number that is scaled to 1.
    """

    def __init__(self, shape: tuple[int, int, int], layout: Layout = "hwc", largest: float = 255) -> None:
        super().__init__()
        H, W, C = shape
        self.layout = layout
        self.largest = largest
        if min(H, W) >= MIN_SIDE:
            sides = [((side - 8) // 4 + 1 - 4) // 2 + 1 - 2 for side in (H, W)]
            self.first = nn.Conv2d(C, 32, 8, 4)
            others = (nn.Conv2d(32, 64, 4, 2), nn.Conv2d(64, 64, 3, 1))
        else:
            sides = [-(-side // 4) for side in (H, W)]
            self.first = nn.Conv2d(C, 32, 3, 1, padding=1)
            others = (nn.Conv2d(32, 64, 3, 2, padding=1), nn.Conv2d(64, 64, 3, 2, padding=1))
        self.rest = nn.Sequential(
            nn.ReLU(inplace=True), others[0], nn.ReLU(inplace=True), others[1], nn.ReLU(inplace=True)
        )
        self.output_size = 64 * math.prod(sides)

    def forward(self, obs: Tensor) -> Tensor:
        """Return features [B, F] of images [B, ...]."""
        images = channels_last(obs, self.layout).to(self.first.weight.dtype).permute(0, 3, 1, 2)
        scaled = self.first.weight / self.largest  # the weight instead of the images: it is the smaller
        features = F.conv2d(images, scaled, self.first.bias, self.first.stride, self.first.padding)
        return self.rest(features).flatten(1)


class Vector(nn.Module):
    """One linear layer and ReLU over a flat vector; its numbers are divided by `largest` first."""

    def __init__(self, size: int, output_size: int, largest: float = 1) -> None:
        super().__init__()
        self.linear = nn.Linear(size, output_size)
        self.largest = largest
        self.output_size = output_size

    def forward(self, obs: Tensor) -> Tensor:
        """Return features [B, F] of vectors [B, ...]."""
        x = obs.reshape(len(obs), self.linear.in_features).to(self.linear.weight.dtype)
        return torch.relu(self.linear(x if self.largest == 1 else x / self.largest))


class Encoder(nn.Module):
    """An encoder for dictionaries of Box, Discrete, MultiDiscrete and MultiBinary observations.

    Each entry has a part of its own: `Pixels` for images, `Vector` for everything else. The features of all parts are
    concatenated and go through one linear layer and ReLU. Bytes are scaled to 0 .. 1; those of images of 15 x 15 or
    fewer are taken for MiniGrid's codes, 0 .. 10, and scaled by these.

    Args:
        space: The observation space of one environment, a dictionary of named entries.
        output_size: Size F of the features that come out.
        vector_size: Size of the layer over each vector entry.
        layouts: The layouts of entries by name, where `guess_layout` would not find them; see `layouts`.

    Raises:
        ValueError: If the space holds an entry of another kind, a size is not positive, or a layout does not fit.
    """

    def __init__(
        self,
        space: spaces.Dict,
        output_size: int = 512,
        vector_size: int = 128,
        layouts: dict[str, Layout] | None = None,
    ) -> None:
        super().__init__()
        require_positive(output_size=output_size, vector_size=vector_size)
        layouts = layouts or {}
        if unknown := sorted(layouts.keys() - space.keys()):
            raise ValueError(f"encoder.layouts has {unknown[0]!r}; known entries are {', '.join(sorted(space))}")
        self.values = {name: _values(entry) for name, entry in space.items()}
        parts = [_part(name, entry, vector_size, layouts) for name, entry in space.items()]
        self.parts = nn.ModuleList(parts)
        self.linear = nn.Linear(sum(part.output_size for part in parts), output_size)
        self.output_size = output_size
        self.reads = {
            name: f"{entry} as {'a vector' if isinstance(part, Vector) else f'an image {part.layout}'}"
            for (name, entry), part in zip(space.items(), parts, strict=True)
        }
        """What each entry is read as, in words."""
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


def _part(name: str, space: spaces.Space, vector_size: int, layouts: Mapping[str, Layout]) -> Pixels | Vector:
    """Return the encoder of one entry."""
    if values := _values(space):
        return Vector(sum(map(len, values)), vector_size)
    if not isinstance(space, spaces.Box | spaces.MultiBinary):
        allowed = "Box, Discrete, MultiDiscrete, MultiBinary, or a Dict of them"
        raise ValueError(f"observation_space[{name!r}] is {space}; it must be {allowed}")
    layout = choose_layout(name, space, layouts.get(name))
    largest = 255 if isinstance(space, spaces.Box) and (space.dtype == np.uint8 or (space.high == 255).all()) else 1
    if layout == "vector":
        return Vector(math.prod(space.shape), vector_size, largest if space.dtype == np.uint8 else 1)
    shape = image_shape(space.shape, layout)
    has_codes = space.dtype == np.uint8 and max(shape[:2]) <= MAX_CELLS
    return Pixels(shape, layout, LARGEST_CODE if has_codes else largest)


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
