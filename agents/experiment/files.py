"""Files that are complete or absent, whatever happens while they are written."""

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from filelock import FileLock, Timeout


class WriteError(Exception):
    """A file of a run cannot be written."""


def make_folder(folder: Path, is_named: bool) -> Path:
    """Make a new folder and return it; where it exists and may have another name, the first of -1, -2, ... is added."""
    for number in itertools.count():
        candidate = folder.with_name(f"{folder.name}-{number}") if number else folder
        try:
            candidate.mkdir(parents=True)
        except FileExistsError:
            if is_named:
                raise
        else:
            return candidate
    raise AssertionError("there is always another number")


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Hold a folder against other processes.

    Raises:
        ValueError: If another process holds it.
    """
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(f"{folder} is in use by another process; a run can go on once at a time") from None
    except OSError as error:
        raise ValueError(f"{folder} cannot be written: {error}") from error
    try:
        yield
    finally:
        lock.release()


def find_cause(error: BaseException) -> BaseException:
    """Return the first OSError among an error and what it was raised from or after, such as that of a full disk.

    Where there is none, the error itself is returned.
    """
    link: BaseException | None = error
    while link is not None and not isinstance(link, OSError):
        link = link.__cause__ or link.__context__
    return link or error


@contextmanager
def replace_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file under a new name that nothing else has, and rename it at the end when all of it is on disk.

    Args:
        path: The file; a link in its place is replaced and not followed.

    Raises:
        OSError: If it cannot be written; `path` is then as it was, and nothing is left beside it, as with every error
            inside the block.
    """
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    partial = Path(name)
    try:
        with os.fdopen(number, "w+b") as file:
            yield cast(BinaryIO, file)
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(0o666 & ~_umask())
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    with suppress(OSError):  # a folder cannot be opened on Windows
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _umask() -> int:
    """Return the permissions that new files do not get."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
