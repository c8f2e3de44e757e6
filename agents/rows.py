"""One environment or many: observations and infos as rows of a batch, and back.

Legend: N environments.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from torch import Tensor

from .mask_infos import holds_mask, mask_of_info
from .observations import ACTION_MASK, flatten_entries


def to_rows(obs: Any, space: spaces.Dict) -> tuple[dict[str, NDArray[Any]], bool]:
    """Return the entries of an observation, each [N, ...], and whether it came from one environment, without N.

    Raises:
        ValueError: If the observation is neither of the space nor a batch of such.
    """
    entries = {name: x for name, x in flatten_entries(obs).items() if name in space.spaces or not _is_text(x)}
    if entries.keys() != space.keys():
        raise ValueError(f"obs has the entries {', '.join(entries)}; it must have {', '.join(space)}")
    arrays = {name: _to_array(name, entry, space[name]) for name, entry in entries.items()}
    batches = set()
    for name, array in arrays.items():
        shape = space[name].shape or ()
        batch = array.shape[: max(0, array.ndim - len(shape))]
        if array.shape != (*batch, *shape) or len(batch) > 1 or batch == (0,):
            allowed = f"{shape}, or {('N', *shape)} of N environments".replace("'", "")
            raise ValueError(f"obs has an entry {name} of shape {array.shape}; it must be {allowed}")
        batches.add(batch)
    if len(batches) > 1:
        raise ValueError("obs has entries of several numbers of environments; they must have the same")
    is_one = batches == {()}
    return {name: array[None] if is_one else array for name, array in arrays.items()}, is_one


def masks_to_rows(infos: Mapping[str, Any], is_one: bool) -> Mapping[str, Any]:
    """Return infos in the form of a batch; only the action mask is converted."""
    if not is_one or not holds_mask(infos):
        return infos
    return {ACTION_MASK: [mask_of_info(infos)], f"_{ACTION_MASK}": np.ones(1, np.bool_)}


def numbers_to_rows(name: str, numbers: Any, count: int, dtype: Any) -> NDArray[Any]:
    """Return the numbers as [N], one for each environment; zeros if there are no numbers.

    Raises:
        ValueError: If there is another number of them.
    """
    if numbers is None:
        return np.zeros(count, dtype)
    rows = np.atleast_1d(np.asarray(numbers, dtype))
    if rows.shape != (count,):
        raise ValueError(
            f"{name} has shape {np.shape(numbers)}; it must have one number for each of {count} environments"
        )
    return rows


def first_row(action: Any) -> Any:
    """Return the action of the only environment of a batch."""
    if isinstance(action, Mapping):
        return {name: first_row(part) for name, part in action.items()}
    return tuple(map(first_row, action)) if isinstance(action, tuple) else action[0]


def _is_text(entry: Any) -> bool:
    """Return whether an entry is a text, or texts, which a model does not read."""
    return isinstance(entry, str) or (isinstance(entry, tuple | list) and all(isinstance(x, str) for x in entry))


def _to_array(name: str, entry: Any, space: spaces.Space) -> NDArray[Any]:
    """Return an entry in the type of its space; floats keep their own type, so that a check sees their values."""
    array = entry.detach().cpu().numpy() if isinstance(entry, Tensor) else np.asarray(entry)
    dtype = np.dtype(space.dtype)
    if array.dtype.kind == dtype.kind == "f":
        return array
    with np.errstate(invalid="ignore"):
        converted = array.astype(dtype)
    if dtype.kind in "iub" and array.dtype.kind in "iufb" and (changed := converted != array).any():
        raise ValueError(f"obs has an entry {name} that holds {array[changed].flat[0]}; it must be in {space}")
    return converted
