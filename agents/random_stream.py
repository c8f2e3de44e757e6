"""A separate stream of random numbers, for code that draws from torch's generators."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


class RandomStream:
    """Generators that are seeded once and continue with each use; torch's own generators do not move.

    Args:
        seed: The seed.
        device: The device that is drawn on, besides the CPU.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self.devices = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(self.devices):
            torch.default_generator.manual_seed(seed)
            for _ in self.devices:
                torch.cuda.manual_seed(seed)
            self.states = self._read()

    @contextmanager
    def use(self) -> Iterator[None]:
        """Draw from this stream."""
        with torch.random.fork_rng(self.devices):
            torch.set_rng_state(self.states[0])
            for device, state in zip(self.devices, self.states[1:], strict=True):
                torch.cuda.set_rng_state(state, device)
            yield
            self.states = self._read()

    def _read(self) -> list[Tensor]:
        return [torch.get_rng_state(), *(torch.cuda.get_rng_state(device) for device in self.devices)]
