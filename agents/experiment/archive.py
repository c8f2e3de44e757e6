"""Check the file of a checkpoint before torch reads it: a zip archive of tensors, and a pickle that arranges them.

Even `torch.load(weights_only=True)` lets a pickle ask for memory that the file does not hold, and waits for a pipe.
"""

import pickletools
import zipfile
from pathlib import Path
from typing import Any

import torch

REBUILD = {"collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter"}
STORAGES = {
    "DoubleStorage", "FloatStorage", "HalfStorage", "BFloat16Storage",
    "LongStorage", "IntStorage", "ShortStorage", "CharStorage", "ByteStorage", "BoolStorage",
}  # fmt: skip
NAMES = REBUILD | {f"torch {name}" for name in STORAGES}
"""The names that the pickle of a checkpoint may hold."""


def read_archive(path: Path, device: torch.device | str) -> Any:
    """Return what `torch.save` wrote to a file.

    Raises:
        ValueError: If it is damaged, or no such file, or would build anything but tensors and plain containers.
    """
    if not path.is_file():
        raise ValueError(f"{path} is not a file; a checkpoint must be one")
    try:
        _require_data(path)
        return torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # what is raised depends on where the file is broken
        reason = "it is truncated, or holds something other than tensors and plain containers"
        raise ValueError(f"{path} is not a readable checkpoint: {reason} ({type(error).__name__})") from error


def _require_data(path: Path) -> None:
    """Raise ValueError unless the records of an archive fit into the file, and its pickle names only `NAMES`."""
    with zipfile.ZipFile(path) as archive:
        records = archive.infolist()
        names = {record.filename.lower() for record in records}
        if len(names) < len(records) or sum(record.file_size for record in records) > path.stat().st_size:
            raise ValueError("records that are not stored one by one")
        for record in records:
            if record.filename.lower().endswith(".pkl"):
                _require_names(archive.read(record))


def _require_names(pickled: bytes) -> None:
    for opcode, argument, _ in pickletools.genops(pickled):
        if opcode.name in ("STACK_GLOBAL", "INST") or (opcode.name == "GLOBAL" and argument not in NAMES):
            raise ValueError(f"{argument} is no part of a checkpoint")
