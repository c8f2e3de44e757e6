"""A window of pygame, which is imported when the first one opens, and not before."""

import contextlib
import math
import os
import sys
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
GAP = 4

INVISIBLE = ("dummy", "offscreen")
"""Drivers of SDL whose windows nobody sees; it takes one of them where there is no display."""


def import_pygame() -> ModuleType:
    """Import pygame without its banner.

    The drivers behind a window may load the system's LLVM (Mesa does), and a Triton that is loaded later takes its
    symbols for its own and crashes. So Triton comes first.

    Raises:
        RuntimeError: It is not installed.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    with contextlib.suppress(ImportError):
        import triton  # noqa: F401
    try:
        import pygame
    except ImportError as error:
        raise RuntimeError("windows need pygame: pip install pygame-ce") from error
    return pygame


def mosaic(pictures: list[Picture]) -> Picture:
    """Return pictures [y][x][channel] beside and below each other, near a square, with black gaps."""
    columns = math.ceil(math.sqrt(len(pictures)))
    high, wide = (max(picture.shape[axis] for picture in pictures) for axis in (0, 1))
    rows = math.ceil(len(pictures) / columns)
    whole = np.zeros((rows * (high + GAP) - GAP, columns * (wide + GAP) - GAP, 3), np.uint8)
    for i, picture in enumerate(pictures):
        top = i // columns * (high + GAP)
        left = i % columns * (wide + GAP)
        whole[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return whole


class Window:
    """The window of this process; there is only one, as pygame's display has but one.

    Args:
        title: The text of its frame.
        fps: The most pictures a second; showing one more waits.

    Raises:
        RuntimeError: There is no display.
    """

    def __init__(self, title: str, fps: float) -> None:
        self.pygame: Any = import_pygame()
        self.fps = fps
        is_chosen = any(name in os.environ for name in ("SDL_VIDEODRIVER", "SDL_VIDEO_DRIVER"))
        if sys.platform == "linux" and not is_chosen and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
            raise RuntimeError("there is no display for a window (neither DISPLAY nor WAYLAND_DISPLAY is set)")
        try:
            self.pygame.display.init()
        except self.pygame.error as error:
            raise RuntimeError(f"there is no display for a window ({error})") from error
        driver = self.pygame.display.get_driver()
        if driver in INVISIBLE and not is_chosen:
            self.pygame.display.quit()
            raise RuntimeError(f"there is no display for a window (SDL found only its driver {driver!r})")
        self.title(title)
        self._clock = self.pygame.time.Clock()
        self._surface: Any = None

    def title(self, text: str) -> None:
        """Write a text on its frame."""
        self.pygame.display.set_caption(text)

    def show(self, picture: Picture) -> None:
        """Show a picture [y][x][channel], as large as it is."""
        across = picture.swapaxes(0, 1)
        if self._surface is None or self._surface.get_size() != across.shape[:2]:
            self._surface = self.pygame.display.set_mode(across.shape[:2])
        self.pygame.event.pump()
        self.pygame.surfarray.blit_array(self._surface, across)
        self.pygame.display.flip()
        self._clock.tick(self.fps)

    def close(self) -> None:
        """Close the window."""
        self.pygame.display.quit()
