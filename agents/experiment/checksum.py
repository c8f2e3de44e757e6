"""A digest of a checkpoint's content, which tells a damaged one."""

import hashlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

HEADER = ("format", "checksum")  # entries that are added to the content when it is written


def checksum(content: Mapping[str, Any]) -> str:
    """Return a digest of the tensors and plain containers of a checkpoint, without its header."""
    digest = hashlib.blake2b(digest_size=16)
    _add_to_digest(digest, {key: value for key, value in content.items() if key not in HEADER})
    return digest.hexdigest()


def _add_to_digest(digest: Any, value: Any) -> None:
    if isinstance(value, Tensor):
        digest.update(f"{value.dtype}{tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    elif isinstance(value, Mapping):
        digest.update(f"{len(value)} entries".encode())
        for key in value:
            _add_to_digest(digest, key)
            _add_to_digest(digest, value[key])
    elif isinstance(value, list | tuple):
        digest.update(f"{len(value)} items".encode())
        for item in value:
            _add_to_digest(digest, item)
    else:
        digest.update(f"{type(value).__name__} {value!r}".encode())
