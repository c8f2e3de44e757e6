"""Masks of legal actions: the entry `action_mask` of the observations, or else of the infos.

Legend: N environments, C choices of all discrete branches together, in the order of `Actions.choices`.

A mask is an array [C] for each environment, or a tuple with an array for each branch, as `sample` of Gymnasium's spaces
takes it. What is not zero is legal. An environment whose infos hold no mask may take every action.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from .actions import Actions
from .observations import ACTION_MASK, InvalidStep


class ActionMasks:
    """The masks of a vector environment.

    Args:
        actions: The actions of the environment.
        space: The space of its observations.

    Raises:
        ValueError: If the entry `action_mask` of the space has not a number for each choice.
    """

    def __init__(self, actions: Actions, space: spaces.Dict) -> None:
        self.choices = actions.choices
        self.in_observation = bool(self.choices) and ACTION_MASK in space.spaces
        self.in_infos = False
        if self.in_observation and math.prod(space[ACTION_MASK].shape or ()) != sum(self.choices):
            raise ValueError(
                f"observation_space['{ACTION_MASK}'] is {space[ACTION_MASK]}; {self._allowed} (or have another name)"
            )

    def begin(self, infos: Mapping[str, Any]) -> None:
        """Look for masks in the infos of a reset."""
        self.in_infos = bool(self.choices) and not self.in_observation and ACTION_MASK in infos

    def read(self, obs: Mapping[str, Any], infos: Mapping[str, Any], last: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the masks [N, C] of a step.

        Args:
            obs: The entries of the observations.
            infos: The infos.
            last: True where an episode ends, so that no action is legal or needed, [N].

        Raises:
            InvalidStep: If a mask has another size, or forbids every choice of a branch.
        """
        if self.in_observation:
            masks = np.asarray(obs[ACTION_MASK]).reshape(len(last), -1) != 0
        else:
            masks = self._from_infos(infos, len(last))
        for branch, part in enumerate(np.split(masks, np.cumsum(self.choices)[:-1], axis=1)):
            if (stuck := ~part.any(1) & ~last).any():
                raise InvalidStep(f"{ACTION_MASK} of env {stuck.argmax()} forbids every choice of branch {branch}")
        return masks

    def _from_infos(self, infos: Mapping[str, Any], num_envs: int) -> NDArray[np.bool_]:
        masks = np.ones((num_envs, sum(self.choices)), np.bool_)
        for n in np.flatnonzero(infos.get(f"_{ACTION_MASK}", ())):
            value = infos[ACTION_MASK][n]
            row = np.concatenate([np.ravel(part) for part in value]) if isinstance(value, tuple) else np.ravel(value)
            if row.shape != masks[n].shape:
                raise InvalidStep(f"infos['{ACTION_MASK}'] of env {n} has shape {np.shape(value)}; {self._allowed}")
            masks[n] = row != 0
        return masks

    @property
    def _allowed(self) -> str:
        return f"it must have {sum(self.choices)} numbers, one for each choice"
