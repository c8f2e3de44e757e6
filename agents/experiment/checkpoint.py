"""Checkpoints: whole or absent, a bounded number of them, and data only.

A file is written under a temporary name and renamed, so a run killed at any moment leaves whole files. It is read
with `weights_only=True`, which builds tensors and plain containers and runs no code.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

FORMAT = "memorl/1"


class Checkpoints:
    """The checkpoints of a run: the newest few by step, and the best.

    Args:
        folder: Where they lie.
        keep: How many of the newest stay.
    """

    def __init__(self, folder: Path, keep: int = 3) -> None:
        if keep < 1:
            raise ValueError(f"keep is {keep}; it must be at least 1")
        self.folder, self.keep = folder, keep

    @property
    def newest(self) -> Path | None:
        """The newest checkpoint."""
        return max(self.folder.glob("step-*.pt"), default=None)

    def save(self, content: dict[str, Any], step: int, best: bool) -> Path:
        """Write a checkpoint, also as `best.pt` if it is; then drop the oldest."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"step-{step:012}.pt"
        for target in [self.folder / "best.pt", path][not best :]:
            partial = target.with_suffix(".tmp")
            with partial.open("wb") as file:
                torch.save({"format": FORMAT, **content}, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        for old in sorted(self.folder.glob("step-*.pt"))[: -self.keep]:
            old.unlink()
        return path


def find_checkpoint(path: str, prefer: str = "newest") -> Path:
    """The checkpoint at a path: the file itself, or of a run folder its newest or its best.

    Raises:
        ValueError: If there is none.
    """
    place = Path(path)
    if place.is_dir():
        best = place / "checkpoints" / "best.pt"
        found = best if prefer == "best" and best.exists() else Checkpoints(place / "checkpoints").newest
        if found is None:
            raise ValueError(f"{path} holds no checkpoints/step-*.pt")
        return found
    if not place.is_file():
        raise ValueError(f"{path} does not exist; expected a run folder or a checkpoint in one")
    return place


def load_checkpoint(path: Path, device: torch.device | str = "cpu", trust: bool = False) -> dict[str, Any]:
    """Read a checkpoint.

    Args:
        path: The file.
        device: Where its tensors go.
        trust: Let its configuration name classes of other packages, which will be imported.

    Raises:
        ValueError: If it is truncated, is of another program, or holds anything but data.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # what torch raises depends on where the file is broken
        what = "it is truncated, or holds something other than tensors and plain containers"
        raise ValueError(f"{path} is not a readable checkpoint: {what} ({type(error).__name__})") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"{path} is not a checkpoint of this program: its format is not {FORMAT}")
    with fitting(path):
        for part, config in content["config"].items():
            target = config.get("_target_", "memorl.") if isinstance(config, dict) else "memorl."
            if not trust and not str(target).startswith("memorl."):
                raise ValueError(f"{path} names {part}._target_ {target}; trust=true imports it")
    return content


@contextmanager
def fitting(path: Path) -> Iterator[None]:
    """Turn what goes wrong while the content of a checkpoint is put to use into a ValueError of one line."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path} does not fit: {type(error).__name__} {reason}") from error
