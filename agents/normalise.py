"""Normalisation by running moments, as parts of the model: saved with it, and frozen where nothing is learned.

Moments of batches are merged exactly (Chan, Golub and LeVeque, 1979). With n numbers so far and m new ones:

    d = mean_new - mean,  mean <- mean + d m / (n + m),  n <- n + m
    M <- M + M_new + d^2 n m / (n + m),  M = n variance                                                  (1)

Observations:  x <- clip((x - mean) / deviation, -10, 10)                                                (2)
Values (Pop-Art; van Hasselt et al., 2016, https://arxiv.org/abs/1602.07714): the critic's last layer W, b gives a value
of mean 0 and deviation 1, and V = deviation (W y + b) + mean. When the moments of the targets move, the layer moves
so that every V stays what it was:

    W <- W old / new,   b <- (old b + old mean - new mean) / new,   with old and new deviation            (3)

Legend: ... any leading shape, S the shape of a number's place (a vector's).
"""

from collections.abc import Mapping
from typing import Literal

import torch
from gymnasium import spaces
from torch import Tensor, nn

from .layouts import Layout, guess_layout
from .observations import Observation
from .scales import is_of_bits, is_wide

MAX_NORMALISED = 10
"""A normalised observation is clipped to this."""

MIN_DEVIATION = 1e-2
"""The smallest deviation, so that numbers that never change are not divided by zero."""

ROWS_OF_IMAGES = 16
"""Rows of images whose moments are computed at once, as these need eight bytes a number."""

TARGETS_REMEMBERED = 1 << 16
"""The number of the newest value targets that count: returns grow as a policy learns."""

Selection = Literal["unbounded", "all", "none"]
"""The observations that are normalised: those whose bounds are missing or wide, all vectors, too, or none."""


class Moments(nn.Module):
    """The running mean and variance of numbers [..., *S], each place by itself.

    Args:
        shape: S.
        horizon: Numbers after which the older ones are forgotten as new ones come; 0 keeps all.
    """

    count: Tensor
    mean: Tensor
    variance: Tensor

    def __init__(self, shape: tuple[int, ...] = (), horizon: int = 0) -> None:
        super().__init__()
        self.horizon = horizon
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))
        self.register_buffer("mean", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("variance", torch.ones(shape, dtype=torch.float64))

    @torch.no_grad()
    def update(self, x: Tensor) -> None:
        """Merge the moments of x [..., *S], equation (1)."""
        rows = x.reshape(-1, *self.mean.shape).double()
        new = len(rows)
        old = self.count.clamp(max=self.horizon) if self.horizon else self.count
        total = old + new
        variance, mean = torch.var_mean(rows, 0, correction=0)
        difference = mean - self.mean
        squares = self.variance * old + variance * new + difference**2 * old * new / total
        self.mean += difference * new / total
        self.variance.copy_(squares / total)
        self.count += new

    def deviation(self, least: float) -> Tensor:
        """Return the standard deviation, S, or `least` where it is smaller, in float32."""
        return self.variance.sqrt().clamp(min=least).float()

    def normalise(self, x: Tensor) -> Tensor:
        """Return x [..., *S] by equation (2)."""
        centred = ((x if x.is_floating_point() else x.double()) - self.mean).float()
        return (centred / self.deviation(MIN_DEVIATION)).clamp(-MAX_NORMALISED, MAX_NORMALISED)


class ObservationNormaliser(nn.Module):
    """Entries of observations, normalised, equation (2), and all others as they are.

    Each place of a vector has moments of its own; an image has one mean and deviation for all its pixels.

    Args:
        space: The observation space of one environment; None leaves everything as it is.
        selection: The entries that are normalised.
        layouts: What entries are read as, by name; those that are not here are guessed.
    """

    def __init__(
        self,
        space: spaces.Dict | None,
        selection: Selection = "unbounded",
        layouts: Mapping[str, Layout] | None = None,
    ) -> None:
        super().__init__()
        self.names: list[str] = []
        self.images: set[str] = set()
        self.moments = nn.ModuleList()
        for name, entry in space.items() if space is not None else ():
            if not isinstance(entry, spaces.Box):
                continue
            layout = (layouts or {}).get(name) or guess_layout(entry)
            if _is_selected(entry, layout, selection):
                self.names.append(name)
                self.moments.append(Moments(entry.shape if layout == "vector" else ()))
                if layout != "vector":
                    self.images.add(name)

    def forward(self, obs: Observation) -> Observation:
        """Return observations whose entries are [..., *S]."""
        result = dict(obs)
        for name, moments in zip(self.names, self.moments, strict=True):
            assert isinstance(moments, Moments)
            result[name] = moments.normalise(obs[name])
        return result

    def update(self, obs: Observation) -> None:
        """Merge the moments of observations whose entries are [..., *S]."""
        for name, moments in zip(self.names, self.moments, strict=True):
            assert isinstance(moments, Moments)
            for rows in obs[name].split(ROWS_OF_IMAGES) if name in self.images else (obs[name],):
                moments.update(rows)


class ValueHead(nn.Module):
    """A linear layer from features [..., D] to the value [...], scaled by the moments of the targets.

    Args:
        input_size: D.
    """

    def __init__(self, input_size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(input_size, 1)
        self.moments = Moments(horizon=TARGETS_REMEMBERED)

    def forward(self, x: Tensor) -> Tensor:
        """Return the values of features x [..., D]."""
        value = self.linear(x).squeeze(-1).float()
        return value * self.deviation + self.moments.mean.float()

    @property
    def deviation(self) -> Tensor:
        """Return the deviation of the targets, as it scales the values."""
        return self.moments.deviation(MIN_DEVIATION)

    @torch.no_grad()
    def rescale(self, targets: Tensor) -> None:
        """Merge the moments of targets, and keep every value as it is, equation (3)."""
        old_deviation = self.deviation
        old_mean = self.moments.mean.float().clone()
        self.moments.update(targets)
        self.linear.weight.mul_(old_deviation / self.deviation)
        self.linear.bias.mul_(old_deviation / self.deviation)
        self.linear.bias.add_((old_mean - self.moments.mean.float()) / self.deviation)


def _is_selected(space: spaces.Box, layout: Layout, selection: Selection) -> bool:
    """Return whether an entry of an observation is normalised."""
    if selection == "none":
        return False
    return is_wide(space, layout) or (selection == "all" and layout == "vector" and not is_of_bits(space))
