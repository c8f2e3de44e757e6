"""Read masks of legal actions: the entry `action_mask` of the observations, or else of the infos.

Legend: N environments, C choices of all discrete branches together, in the order of `Actions.choices`.

`mask_parts` says which forms a mask may have. What is not zero is legal. A mask of the infos may come and go: an
environment without one may take every action. It may also be what `sample` of Gymnasium's spaces takes, which has one
number for each bit of a MultiBinary: 0 and 1 are the only legal bit, and 2 allows both.

An `action_mask` inside of another entry of the observations, or of the infos, counts where there is no other; with
several, such as those of the agents of a game, each is the mask of the part of the actions that has the name of the
entry that it is in.

Where no action is a choice there is nothing to forbid, and `action_mask` is an ordinary observation, or info.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from torch import Tensor

from .actions import Actions
from .branches import choices_of
from .mask_infos import holds_mask, mask_of_env
from .mask_parts import arrange, nest
from .observations import ACTION_MASK, InvalidStep


class ActionMasks:
    """The masks of a vector environment.

    Args:
        actions: The actions of the environment.
        space: The space of its observations; the parts of a mask are entries of their own, such as "action_mask.0".

    Raises:
        ValueError: If the entry `action_mask` of the space has not a number for each choice.
    """

    def __init__(self, actions: Actions, space: spaces.Dict) -> None:
        self.space = actions.space
        self.choices = actions.choices
        self.entries = _find_entries(space) if self.choices else ()
        """The names of the entries of the observations that are the mask or parts of the mask."""
        if self.entries:
            sizes = [math.prod(space[name].shape or ()) for name in self.entries]
            columns = np.split(1 + np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
            whole = nest(dict(zip(_part_names(self.entries), columns, strict=True)))
            self.columns = arrange(whole, self.space, f"observation_space['{ACTION_MASK}']", _read_columns)
            """The number of each choice among those of all entries, from 1 on; 0 is always legal, [C]."""

    def read(
        self, obs: Mapping[str, Any], infos: Mapping[str, Any], last: NDArray[np.bool_]
    ) -> NDArray[np.bool_] | None:
        """Return the masks [N, C] of a step; None if there are no masks.

        Args:
            obs: The entries of the observations.
            infos: The infos.
            last: True where an episode ends, so that no action is legal or needed, [N].

        Raises:
            InvalidStep: If a mask has another size, numbers that are not finite, or forbids every choice of a branch.
        """
        if self.entries:
            masks = self._from_observation(obs, len(last))
        elif self.choices and infos and holds_mask(infos):
            masks = self._from_infos(infos, len(last))
        else:
            return None
        for branch, part in enumerate(np.split(masks, np.cumsum(self.choices)[:-1], axis=1)):
            if (stuck := ~part.any(1) & ~last).any():
                raise InvalidStep(f"{ACTION_MASK} of env {stuck.argmax()} forbids every choice of branch {branch}")
        return masks

    def entries_like(self, own: Mapping[str, Tensor], saved: Mapping[str, Tensor], num_envs: int) -> dict[str, Tensor]:
        """Return the entries of a step, with a mask if the saved entries have one, and without it otherwise."""
        entries = dict(own)
        if self.choices and not self.entries:
            entries.pop(ACTION_MASK, None)
            if ACTION_MASK in saved:
                entries[ACTION_MASK] = torch.ones(num_envs, sum(self.choices), dtype=torch.bool)
        return entries

    def _from_observation(self, obs: Mapping[str, Any], num_envs: int) -> NDArray[np.bool_]:
        always = np.ones((num_envs, 1), np.bool_)
        numbers = np.concatenate([always, *(np.asarray(obs[name]).reshape(num_envs, -1) for name in self.entries)], 1)
        if not np.isfinite(numbers).all():
            n = (~np.isfinite(numbers)).any(1).argmax()
            raise InvalidStep(f"{ACTION_MASK} of env {n} has numbers that are not finite; each must be one")
        return numbers[:, self.columns] != 0

    def _from_infos(self, infos: Mapping[str, Any], num_envs: int) -> NDArray[np.bool_]:
        batch = infos.get(ACTION_MASK)
        masks = np.ones((num_envs, sum(self.choices)), np.bool_)
        flags = infos.get(f"_{ACTION_MASK}", True)
        is_array = isinstance(batch, np.ndarray) and batch.dtype.kind in "biu" and batch.shape == masks.shape
        if is_array and np.all(flags):  # for speed
            return np.asarray(batch) != 0
        for n in range(num_envs):
            try:
                mask = mask_of_env(infos, n, num_envs)
                masks[n] = arrange(mask, self.space, f"infos['{ACTION_MASK}']", _read_numbers)
            except ValueError as error:
                raise InvalidStep(f"{error} (env {n})") from None
        return masks


def _find_entries(space: spaces.Dict) -> tuple[str, ...]:
    """Return the names of the entries that are the mask or its parts; a nested mask counts if there is no other."""
    names = [name for name in space.spaces if ACTION_MASK in name.split(".")]
    parts = [name for name in names if name.startswith(f"{ACTION_MASK}.")]
    return (ACTION_MASK,) if ACTION_MASK in names else tuple(parts or names)


def _part_names(entries: tuple[str, ...]) -> list[str]:
    """Return the names of entries without `action_mask`, and without the prefix before it if all have the same."""
    split = [f".{name}.".partition(f".{ACTION_MASK}.") for name in entries]
    is_same = len({before for before, *_ in split}) == 1
    return [(after if is_same else f"{before}.{after}").strip(".") for before, _, after in split]


def _read_columns(columns: Any, space: spaces.Space, place: str) -> NDArray[Any]:
    """Return the columns of the choices of a space; column 0 if it has no choices."""
    size = sum(choices_of(space))
    if columns is None:
        return np.zeros(size, np.int64)
    if len(columns) != size:
        raise ValueError(f"{place} has {len(columns)} numbers; it must have {_allowed(size)} (or have another name)")
    return columns


def _read_numbers(mask: Any, space: spaces.Space, place: str) -> NDArray[np.bool_]:
    """Return which choices of a space an array allows."""
    size = sum(choices_of(space))
    numbers = np.ones(size, np.bool_) if mask is None else np.asarray(mask).ravel()
    if numbers.dtype.kind == "O":
        numbers = np.asarray(numbers.tolist())
    if numbers.dtype.kind not in "biuf" or not np.isfinite(numbers).all():
        raise ValueError(f"{place} is {' '.join(str(mask).split())}; each number of it must be finite")
    if isinstance(space, spaces.MultiBinary) and numbers.dtype.kind != "b" and 2 * numbers.size == size:
        return np.stack([numbers != 1, numbers != 0], -1).ravel()
    if numbers.size != size:
        raise ValueError(f"{place} has {numbers.size} numbers; it must have {_allowed(size)}")
    return numbers != 0


def _allowed(size: int) -> str:
    return f"{size}, one for each choice"
