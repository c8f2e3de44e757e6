"""Observations as dictionaries, whatever the space: a single array is the entry `ENTRY` of a dictionary.

Streams apply this once, so that rollouts, models and encoders handle nothing but dictionaries.
"""

from collections.abc import Mapping
from typing import Any

from gymnasium import spaces
from torch import Tensor

Observation = dict[str, Tensor]
"""Named entries, each [..., *its own shape] with the same leading shape (T, B)."""

ENTRY = "observation"  # name of the entry that holds an observation which is not a dictionary


def as_entries(obs: Any) -> Mapping[str, Any]:
    """Return the entries of an observation."""
    return obs if isinstance(obs, Mapping) else {ENTRY: obs}


def as_dict_space(space: spaces.Space) -> spaces.Dict:
    """Return the space of the entries of observations."""
    return space if isinstance(space, spaces.Dict) else spaces.Dict({ENTRY: space})
