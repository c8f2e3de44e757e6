"""The records of a batch: the state of every env and the params of every episode, which can be saved and loaded.

`state` [N] holds what an env keeps between steps. `params` [N + 1] holds the options of an episode and what is derived
from them: its last row the arguments of the constructor, row i what `reset(options=...)` gave to env i.

A checkpoint holds them as a flat dictionary of plain numeric arrays, keyed `table.field`. Unsigned words travel as
int64 and flags as uint8 of the same bits, which every tensor library can store.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .episodes import COMMON
from .fields import LAST_FIELD, Array, Field, check_bounds, record_dtype
from .options import Option
from .rng import are_rngs

_CARRIERS: dict[str, type] = {"u": np.int64, "b": np.uint8}


def names(table: Array) -> list[str]:
    """Return the names of the fields that hold something."""
    return [name for name in table.dtype.names or () if name != LAST_FIELD]


def views(tables: Mapping[str, Array]) -> dict[str, Array]:
    """Return every field of every table as an array that shares the table's memory."""
    fields = {f"{key}.{name}": table[name] for key, table in tables.items() for name in names(table)}
    return {key: field.view(_CARRIERS.get(field.dtype.kind, field.dtype)) for key, field in fields.items()}


def check_fit(own: Mapping[str, Array], other: Mapping[str, Array]) -> None:
    """Raise ValueError unless `other` has the keys, types and shapes of `own`."""
    if own.keys() != other.keys():
        raise ValueError(f"state of another kind of env: {sorted(own.keys() ^ other.keys())} are not in both")
    for key, field in own.items():
        if field.shape != other[key].shape or field.dtype != other[key].dtype:
            kind = f"{other[key].dtype} {other[key].shape}"
            raise ValueError(f"{key} is {kind}; it must be {field.dtype} {field.shape}")
        if field.dtype == _CARRIERS["b"] and (other[key] > 1).any():
            raise ValueError(f"{key} is {other[key].max()}; it must be 0 or 1")


class RecordedEnv:
    """A batch of envs whose whole state is two structured arrays."""

    options: dict[str, Option]
    """The options that `reset(options=...)` takes."""

    def _make_records(
        self,
        num_envs: int,
        kinds: Mapping[str, Option],
        arguments: dict[str, Any],
        state: Sequence[Field],
        params: Sequence[Field],
    ) -> None:
        """Make both records; `arguments` holds an encoded value for each option that the envs take."""
        self.options = {name: kinds[name] for name in kinds if name in arguments}
        self._arguments = arguments
        self._check_options(arguments)
        own = {field.name for field in state}
        self._state_fields = [*(field for field in COMMON if field.name not in own), *state]
        self._state = np.zeros(num_envs, record_dtype(self._state_fields))
        option_fields = [option.field(name) for name, option in kinds.items()]
        self._params = np.zeros(num_envs + 1, record_dtype([*option_fields, *params]))
        self._apply_options(slice(None), arguments)

    def _derive_params(self, params: Array) -> None:
        """Fill the derived fields of all params, the fields of the state that depend on them, and the scene, if any."""

    def _check_options(self, values: Mapping[str, Any]) -> None:
        """Raise ValueError where options that are allowed one by one are not allowed together."""

    def _apply_options(self, rows: slice | NDArray[np.intp], values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            self._params[name][rows] = value
        self._derive_params(self._params)

    def state_dict(self) -> dict[str, Array]:
        """Return the state that decides all later steps, including random streams, as plain numeric arrays."""
        return {key: field.copy() for key, field in views({"state": self._state, "params": self._params}).items()}

    def _load(self, state: Mapping[str, Array]) -> None:
        own = views({"state": self._state, "params": self._params})
        check_fit(own, state)
        for name in self.options:
            ours = own[f"params.{name}"][-1]
            theirs = state[f"params.{name}"][-1]
            if not np.array_equal(ours, theirs):
                found, allowed = (" ".join(str(value).split()) for value in (theirs, ours))
                raise ValueError(f"params.{name} of the state is {found}; it must be {allowed}, as in these envs")
        loaded = {"state": self._state.copy(), "params": self._params.copy()}
        derived = {f"params.{name}" for name in names(self._params) if name not in self.options}
        for key, field in views(loaded).items():
            if key not in derived:
                field[...] = state[key]
        try:
            self._validate_state(**loaded)
        except ValueError:
            self._derive_params(self._params)
            raise
        self._state[...] = loaded["state"]
        self._params[...] = loaded["params"]
        self._derive_params(self._params)

    def _validate_state(self, state: Array, params: Array) -> None:
        """Raise ValueError if loaded records hold an impossible state; then fill the derived fields of the params."""
        for name, option in self.options.items():
            if not option.is_valid(params[name]):
                raise ValueError(f"params.{name} holds a value of another kind; it must be {option}")
        for row in params:
            self._check_options({name: row[name] for name in self.options})
        self._derive_params(params)
        for name in ("rng", "level_rng"):
            if not are_rngs(state[name]):
                raise ValueError(f"state.{name} holds a value that no random stream has")
        check_bounds(state, params, COMMON)  # among them the row, which picks the params in force
        check_bounds(state, params[state["row"]], self._state_fields)
