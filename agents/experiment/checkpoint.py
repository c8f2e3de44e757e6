"""Write and read checkpoints: files that are complete or absent, limited in number, and contain only data.

A file is written under a temporary name and renamed, so a run killed at any moment leaves complete files. A file is
read in four steps, each of which checks it for the next one: the file (`archive`), the values (`containers`), their
types, ranges and checksum (`content`), and the classes that the configuration would import (`trust`).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from memorl.agents.saved import require_like

from .archive import read_archive
from .checksum import checksum
from .containers import compact
from .content import FORMAT, check_content
from .files import WriteError, find_cause, replace_file
from .policy_files import SETTINGS, read_policy
from .trust import require_own


class CheckpointError(WriteError):
    """A checkpoint cannot be written."""


class Checkpoints:
    """The checkpoints of a run: the newest few by step, and the best.

    Args:
        folder: The folder of the files.
        keep: Number of the newest that stay.
    """

    def __init__(self, folder: Path, keep: int = 3) -> None:
        self.folder = folder
        self.keep = keep

    @property
    def newest(self) -> Path | None:
        """Return the newest checkpoint."""
        return max(self._by_step(), default=None)

    def find(self, name: str) -> Path:
        """Return the checkpoint of a name; ValueError lists the known names if there is none."""
        path = self.folder / Path(name).name
        is_elsewhere = Path(name).name != name and Path(name).resolve() != path.resolve()
        if is_elsewhere or not path.is_file():
            known = ", ".join(sorted(file.name for file in self.folder.glob("*.pt")))
            raise ValueError(f"resume_from is {name}; the checkpoints of {self.folder} are {known or 'none'}")
        return path

    def describe_newest(self) -> str:
        """Return a clause that names the newest checkpoint, or the best where there is no other."""
        if self.newest:
            return f"the last good checkpoint is {self.newest}"
        best = self.folder / "best.pt"
        if best.exists():
            return f"{best} is complete: resume_from=best.pt goes on from it"
        return "no checkpoint was due yet"

    def describe_older(self, path: Path) -> str:
        """Return a clause that says how to resume from the next older checkpoint; an empty text if there is none."""
        older = max((file for file in self._by_step() if file.name < path.name), default=None)
        return f"; resume_from={older.name} goes on from the one before" if older else ""

    def set_aside_newer(self, step: int) -> list[Path]:
        """Rename the checkpoints of later steps, so that they no longer count as newest, and return their new names."""
        newer = [file for file in self._by_step() if int(file.stem[len("step-") :]) > step]
        return [file.rename(file.with_suffix(".pt.aside")) for file in newer]

    def save(self, content: dict[str, Any], step: int, best: bool) -> None:
        """Write a checkpoint, also as `best.pt` if it is the best; then delete the oldest."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if best:
            self._write(content, self.folder / "best.pt")
        self._write(content, self.folder / f"step-{step:012}.pt")
        for old in self._by_step()[: -self.keep]:
            old.unlink()

    def _by_step(self) -> list[Path]:
        """Return the checkpoints of the run, sorted by step; files with other names belong to the user."""
        return sorted(file for file in self.folder.glob("step-*.pt") if re.fullmatch(r"step-\d{12,14}\.pt", file.name))

    def _write(self, content: dict[str, Any], path: Path) -> None:
        content = compact(content)
        complete = {"format": FORMAT, "checksum": checksum(content), **content}
        try:
            with replace_file(path) as file:
                torch.save(complete, file)
        except (OSError, RuntimeError) as error:  # torch raises the second where a disk is full
            reason = find_cause(error)
            raise CheckpointError(f"{path} cannot be written: {reason}; {self.describe_newest()}") from error


def find_checkpoint(path: str, best: bool = False) -> Path:
    """Return the checkpoint at a path.

    It is the file itself, the newest (or best, if there is one) of a run folder, or the policy.json of a policy folder.

    Raises:
        ValueError: If there is none.
    """
    place = Path(path)
    if (place / SETTINGS).exists():
        return place / SETTINGS
    if place.is_dir():
        best_file = place / "checkpoints" / "best.pt"
        found = best_file if best and best_file.exists() else Checkpoints(place / "checkpoints").newest
        if found is None:
            ways = "; best=true evaluates its best.pt, resume_from=best.pt goes on from it" * best_file.exists()
            raise ValueError(f"{path} holds no checkpoints/step-*.pt{ways}")
        return found
    if not place.is_file():
        raise ValueError(f"{path} does not exist; it must be a run folder or a checkpoint in one")
    return place


def run_folder(checkpoint: Path) -> Path:
    """Return the folder of the run that a checkpoint belongs to; of a file elsewhere, the folder that it is in."""
    folder = checkpoint.parent
    return folder.parent if folder.name == "checkpoints" else folder


def load_checkpoint(path: Path, device: torch.device | str = "cpu", trust: bool = False) -> dict[str, Any]:
    """Return the content of a checkpoint, or of a policy folder, which has the weights and no more.

    Args:
        path: The file, or the policy.json.
        device: Device of its tensors.
        trust: Let its configuration name classes of other packages, which will be imported.

    Raises:
        ValueError: If it is damaged, has another format, or holds what a checkpoint does not.
    """
    content = read_policy(path, device) if path.name == SETTINGS else _read_checkpoint(path, device)
    if not trust:
        require_own(path, content["config"])
    return content


def _read_checkpoint(path: Path, device: torch.device | str) -> dict[str, Any]:
    content = read_archive(path, device)
    found = content.get("format") if type(content) is dict else None
    if found != FORMAT:
        raise ValueError(
            f"{path} is not a checkpoint of this version: its format is {found!r}; it must be {FORMAT!r}; "
            "begin a new run (init_from cannot read it either), or use the version of memorl that wrote it"
        )
    with checkpoint_errors(path):
        check_content(content)
    return dict(content)


def load_model(model: nn.Module, saved: Mapping[str, Any]) -> None:
    """Load the parameters of a checkpoint.

    Raises:
        ValueError: If the model has other names, shapes or types.
    """
    require_like("model", saved, model.state_dict())
    model.load_state_dict(saved)


@contextmanager
def checkpoint_errors(path: Path) -> Iterator[None]:
    """Name the checkpoint in every ValueError about its content."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path} does not fit: {error}") from error
