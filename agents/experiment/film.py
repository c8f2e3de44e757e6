"""Videos, written picture by picture: a long one needs no more memory than a short one."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

import av
import numpy as np
from av import VideoFormat, VideoFrame
from av.filter import Graph
from av.video.stream import VideoStream

LEAST_SIDE = 320
"""A picture with a shorter side is enlarged by the whole number that brings it nearest to this."""

FORMATS = {".gif": ("gif", "pal8"), ".mp4": ("libx264", "yuv420p")}
"""The endings of the files that can be written, with the codec and the format of its pictures."""


class Film:
    """A video that is written to an open file and is complete at the end of a `with` block.

    Args:
        file: The open file.
        ending: One of `FORMATS`.
        rate: Pictures a second.
    """

    def __init__(self, file: BinaryIO, ending: str, rate: int) -> None:
        codec, pixels = FORMATS[ending]
        self.container = av.open(file, "w", format=ending[1:])
        self.stream = cast(VideoStream, self.container.add_stream(codec, rate=rate))
        self.stream.pix_fmt = pixels
        self.time_base = Fraction(1, rate)
        self.is_gif = codec == "gif"
        self.graph: Graph | None = None
        self.size: tuple[int, ...] = ()
        self.pictures = 0

    def add(self, picture: np.ndarray) -> None:
        """Add a picture [H, W, 3] of bytes.

        Raises:
            ValueError: If it has another size than the first one.
        """
        self.size = self.size or picture.shape
        if picture.shape != self.size:
            raise ValueError(f"render() returns {list(picture.shape)} after {list(self.size)}; a video has one size")
        times = max(1, round(LEAST_SIDE / min(picture.shape[:2])))
        large = np.ascontiguousarray(picture.repeat(times, 0).repeat(times, 1))
        if self.graph is None:
            self.graph = self._make_graph(*large.shape[:2])
        frame = VideoFrame.from_ndarray(large, format="rgb24")
        frame.pts = self.pictures
        self.pictures += 1
        self.graph.push(frame)
        self.container.mux(self.stream.encode(cast(VideoFrame, self.graph.pull())))

    def __enter__(self) -> "Film":
        """Return the film."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left and close the file."""
        if self.pictures:
            self.container.mux(self.stream.encode(None))
        self.container.close()

    def _make_graph(self, height: int, width: int) -> Graph:
        """Return what turns pictures into the format: a gif has 256 colours a picture, an mp4 has even sides."""
        even = (height + height % 2, width + width % 2)
        self.stream.height, self.stream.width = (height, width) if self.is_gif else even
        graph = Graph()
        source = graph.add_buffer(width=width, height=height, format=VideoFormat("rgb24"), time_base=self.time_base)
        sink = graph.add("buffersink")
        if self.is_gif:
            split = graph.add("split")
            palette = graph.add("palettegen", "stats_mode=single")
            apply = graph.add("paletteuse", "new=1:dither=none")
            source.link_to(split)
            split.link_to(palette, 0, 0)
            split.link_to(apply, 1, 0)
            palette.link_to(apply, 0, 1)
            apply.link_to(sink)
        else:
            pad = graph.add("pad", "ceil(iw/2)*2:ceil(ih/2)*2")
            pixels = graph.add("format", "pix_fmts=yuv420p")
            source.link_to(pad)
            pad.link_to(pixels)
            pixels.link_to(sink)
        graph.configure()
        return graph


def require_film(file: Path) -> None:
    """Raise ValueError if the ending of a video file is not in `FORMATS`, or if its folder does not exist."""
    if file.suffix not in FORMATS:
        raise ValueError(f"video is {file}; its ending must be one of {', '.join(FORMATS)}")
    if not file.parent.is_dir():
        raise ValueError(f"video is {file}; its folder must exist")
