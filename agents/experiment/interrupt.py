"""Signals that ask a run to end: Ctrl-C, and the signals of a scheduler or of a closed terminal."""

import signal
import threading
from types import FrameType

from .console import print_error

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # the last one is not known on Windows


class Interrupt:
    """The first signal sets `stop`; the next one has its usual effect. Only the main thread receives signals."""

    def __init__(self) -> None:
        self.stop = False
        is_main = threading.current_thread() is threading.main_thread()
        signals = [getattr(signal, name) for name in NAMES if is_main and hasattr(signal, name)]
        self.previous_handlers = {number: signal.signal(number, self._request_stop) for number in signals}

    def release(self) -> None:
        """Restore the usual meaning of the signals."""
        for number, handler in self.previous_handlers.items():
            signal.signal(number, handler)

    def _request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.stop = True
        self.release()
        print_error("\nfinishing this update, then saving; the same signal again stops at once")
