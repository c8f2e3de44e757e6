"""Values that change over the steps of a run."""

from typing import NamedTuple


class LinearSchedule(NamedTuple):
    """A value that moves linearly from `start` to `end` and stays there; None as the end keeps the start."""

    start: float
    end: float | None

    def value(self, fraction: float) -> float:
        """Return the value after a fraction of the steps."""
        return self.start if self.end is None else self.start + (self.end - self.start) * min(1.0, fraction)
