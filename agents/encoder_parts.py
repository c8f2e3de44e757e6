"""The parts of an encoder: one for images, one for vectors.

Legend: B batch (time folded in), H rows, W columns, C channels, F features.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layouts import Layout, channels_last
from .scales import Scale

MIN_SIDE = 36
"""Images with at least this many rows and columns go through the convolutions of Mnih et al."""


class Pixels(nn.Module):
    """Three convolutions over an image.

    From 36 x 36 pixels on they are those of Mnih et al. (2015, https://doi.org/10.1038/nature14236), as in the Memory
    Gym agents; smaller images have 3 x 3 kernels, which keep the size once and halve it twice.

    Args:
        shape: H, W and C. Memory Gym's order [x][y][c] is taken as it is, which is the layout (channels last) that
            convolutions run fastest in.
        layout: The layout of the images.
        offset: The number that becomes 0.
        largest: The distance from it that becomes 1.
    """

    def __init__(
        self, shape: tuple[int, int, int], layout: Layout = "hwc", offset: float = 0, largest: float = 255
    ) -> None:
        super().__init__()
        H, W, C = shape
        self.layout = layout
        self.offset = offset
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
        if self.offset:
            images = images - self.offset
        scaled = self.first.weight / self.largest  # the weight instead of the images: it is the smaller
        features = F.conv2d(images, scaled, self.first.bias, self.first.stride, self.first.padding)
        return self.rest(features).flatten(1)

    def keep_scale(self) -> None:
        """Use the images without scaling."""
        self.offset = 0
        self.largest = 1


class Vector(nn.Module):
    """One linear layer and ReLU over a flat vector.

    Args:
        size: Numbers of a vector.
        output_size: F.
        scale: The scale of the numbers; None takes them as they are.
    """

    offset: Tensor | None
    largest: Tensor | None

    def __init__(self, size: int, output_size: int, scale: Scale | None = None) -> None:
        super().__init__()
        self.linear = nn.Linear(size, output_size)
        self.output_size = output_size
        parts = scale._asdict() if scale and (scale.offset.any() or (scale.largest != 1).any()) else {}
        for name in Scale._fields:
            numbers = torch.from_numpy(parts[name].flatten()).float() if parts else None
            self.register_buffer(name, numbers, persistent=False)

    def forward(self, obs: Tensor) -> Tensor:
        """Return features [B, F] of vectors [B, ...]."""
        x = obs.reshape(obs.shape[0], self.linear.in_features).to(self.linear.weight.dtype)
        if self.offset is not None and self.largest is not None:
            x = (x - self.offset) / self.largest
        return torch.relu(self.linear(x))

    def keep_scale(self) -> None:
        """Use the numbers without scaling."""
        self.offset = None
        self.largest = None
