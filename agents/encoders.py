"""Encode observations as features: images, vectors, and dictionaries of them.

Legend: B batch (time folded in), H rows, W columns, C channels, F features.
"""

import math
from collections.abc import Collection, Mapping

import torch
import torch.nn.functional as F
from gymnasium import spaces
from torch import Tensor, nn

from memorl.memory.checks import require_positive

from .encoder_parts import Pixels, Vector
from .layouts import Layout, choose_layout, image_shape
from .observations import Observation
from .scales import scale_of


class Encoder(nn.Module):
    """An encoder for dictionaries of Box, Discrete, MultiDiscrete and MultiBinary observations.

    Each entry has a part of its own: `Pixels` for images, `Vector` for everything else. The features of all parts are
    concatenated and go through one linear layer and ReLU. Whole numbers are scaled by the bounds of their space; bytes
    from 0 to 255 of images of 15 x 15 or fewer are taken for MiniGrid's codes, 0 .. 10, and scaled by these.

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
        self.layouts = {
            name: choose_layout(name, entry, layouts.get(name))
            for name, entry in space.items()
            if isinstance(entry, spaces.Box | spaces.MultiBinary)
        }
        """The layout of each entry that is not discrete."""
        parts = [_part(name, entry, vector_size, self.layouts) for name, entry in space.items()]
        self.parts = nn.ModuleList(parts)
        self.linear = nn.Linear(sum(part.output_size for part in parts), output_size)
        self.output_size = output_size
        self.reads = {
            name: f"{entry} as {'a vector' if isinstance(part, Vector) else f'an image {part.layout}'}"
            for (name, entry), part in zip(space.items(), parts, strict=True)
        }
        """A description of how each entry is read."""
        orthogonal(self)
        self.to(memory_format=torch.channels_last)

    def keep_scales(self, names: Collection[str]) -> None:
        """Use the named entries without scaling, since they are normalised already."""
        for name, part in zip(self.values, self.parts, strict=True):
            if name in names:
                assert isinstance(part, Pixels | Vector)
                part.keep_scale()

    def forward(self, obs: Observation) -> Tensor:
        """Return features [B, F] of observations whose entries are [B, ...]."""
        parts = zip(self.values.items(), self.parts, strict=True)
        features = [part(_one_hot(obs[name], values)) for (name, values), part in parts]
        return torch.relu(self.linear(torch.cat(features, -1)))


def _values(space: spaces.Space) -> tuple[range, ...]:
    """Return the number of values of each component of a discrete observation; none if it is not discrete."""
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
    layout = layouts[name]
    scale = scale_of(space, layout)
    if layout == "vector":
        return Vector(math.prod(space.shape), vector_size, scale)
    return Pixels(image_shape(space.shape, layout), layout, scale.offset.item(), scale.largest.item())


def _one_hot(obs: Tensor, values: tuple[range, ...]) -> Tensor:
    """Return discrete components [B, ...] as one-hot vectors side by side, and any other entry unchanged."""
    if not values:
        return obs
    components = obs.reshape(obs.shape[0], len(values)).long().unbind(1)
    return torch.cat([F.one_hot(x - v.start, len(v)) for x, v in zip(components, values, strict=True)], -1)


def orthogonal(module: nn.Module, gain: float = math.sqrt(2)) -> None:
    """Make the weights of every linear and convolutional layer orthogonal; leave the biases as torch made them."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.orthogonal_(layer.weight, gain)
