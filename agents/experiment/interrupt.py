"""Ctrl-C asks a run for a clean end."""

import signal
import sys
from types import FrameType


class Interrupt:
    """The first Ctrl-C sets `stop`; the second one raises KeyboardInterrupt as usual."""

    def __init__(self) -> None:
        self.stop = False
        self.previous_handler = signal.signal(signal.SIGINT, self._request_stop)

    def release(self) -> None:
        """Restore the usual meaning of Ctrl-C."""
        signal.signal(signal.SIGINT, self.previous_handler)

    def _request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.stop = True
        self.release()
        print("\nfinishing this update, then saving; Ctrl-C again stops at once", file=sys.stderr)
