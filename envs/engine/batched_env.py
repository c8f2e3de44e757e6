"""Many environments in one object: all state in one structured array, one compiled call a step.

With NEXT_STEP autoreset the step after an episode's end ignores its action and returns the first observation of the
next episode with reward 0. `reset` is that same step, made where an episode need not be over. N is the number of envs.
"""

from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete, MultiDiscrete, Space
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from .checks import (
    BATCH,
    DEFAULTS,
    action_rows,
    check_render_mode,
    count_choices,
    level_range,
    reset_rows,
    seeds_per_env,
)
from .episodes import ENDED, RESETTING
from .fields import Array, Field
from .loop import Threads
from .observations import Infos, Observation, allocate, arrays_of, pixels_and_vectors
from .options import Option, encode
from .records import RecordedEnv
from .rng import rng_from_seed
from .schema import option_values, options_of


class BatchedEnv(RecordedEnv, VectorEnv[Observation, Array, Array], ABC):
    """A natively batched environment; subclasses name their options in the constructor's signature.

    Args:
        observation_space: The space of the observation of one env.
        action_space: The space of the action of one env: Discrete or MultiDiscrete, from 0, or a Box of one axis.
        step_batch: The compiled step, made by `compile_step_batch`.
        arguments: The arguments of the subclass's constructor, as `locals()` holds them there. They may include
            num_envs: N, 1 by default.
            levels: `{"start": s, "count": c}`: each episode plays one of the levels s .. s+c-1, drawn uniformly.
            threads: The number of threads that share a step; the steps are the same for any number.
            copy: False if the next step may overwrite the observations of this one.
            render_mode: One of `metadata["render_modes"]`, where the game has pictures, or None.
        state: Fields of an env besides the common ones, or in the place of these.
        params: Fields of the params besides the options; `_derive_params` computes them.
        variant: Defaults of options that are None in the signature; others that are None are not taken.
        ranges: The kinds of options that depend on the variant.
    """

    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012
    info_keys: tuple[str, ...] = ("reward", "length")
    """Fields of the state that infos hold at the end of an episode."""
    repeated_figures = ("reward", "length")
    """Infos that say the return and the length of an episode, which every agent counts itself."""
    every_step_keys: tuple[str, ...] = ()
    """Fields of the state that infos always hold, also those of `reset`."""
    _scene: Any = ()

    def __init__(
        self,
        observation_space: Space[Any],
        action_space: Discrete | MultiDiscrete | Box,
        step_batch: Callable[..., bool],
        arguments: Mapping[str, Any],
        *,
        state: Sequence[Field],
        params: Sequence[Field] = (),
        variant: dict[str, Any] | None = None,
        ranges: Mapping[str, Option] | None = None,
    ) -> None:
        batch = encode(BATCH, {name: arguments.get(name, default) for name, default in DEFAULTS.items()})
        num_envs = batch["num_envs"]
        self.num_envs = num_envs
        self.render_mode = arguments.get("render_mode")
        check_render_mode(self.render_mode, self.metadata)
        self.single_observation_space = observation_space
        self.single_action_space = action_space
        self.observation_space = batch_space(observation_space, num_envs)
        self.action_space = batch_space(action_space, num_envs)
        self._choices = count_choices(action_space)
        self._no_actions = np.zeros((num_envs, len(self._choices)), action_space.dtype)
        self._threads = Threads(num_envs, batch["threads"])
        self._compiled_step = step_batch
        self._all_rows = np.ones(num_envs, np.bool_)
        self._levels = level_range(arguments.get("levels"))
        taken, values = option_values(type(self), arguments, variant or {})
        kinds = options_of(type(self)) | dict(ranges or {})
        self._make_records(num_envs, kinds, encode({name: kinds[name] for name in taken}, values), state, params)
        self._state["phase"] = ENDED
        for name in ("rng", "level_rng"):
            seeds = np.random.default_rng().integers(2**63, size=num_envs).tolist()
            self._state[name] = [rng_from_seed(seed) for seed in seeds]
        self._compiled_space = observation_space
        self._shared = None if batch["copy"] else allocate(observation_space, num_envs)
        self._last_observation: Observation | None = None

    def _on_episode_end(self, ends: Array) -> None:
        """Update the state that depends on the episodes that ended in a step, one or more; not called by a reset."""

    def _complete_observation(self, observation: Observation, actions: Array) -> Observation:
        """Return what compiled code wrote together with what it did not."""
        return observation

    def _on_seeded_reset(self) -> None:
        """Restart the state that continues from episode to episode, since `reset` has a seed."""

    def close_extras(self, **_: Any) -> None:
        """End the threads."""
        if hasattr(self, "_threads"):  # Gymnasium also closes an env whose arguments were refused
            self._threads.close()

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, Infos]:
        """Begin a new episode in every env.

        Args:
            seed: s seeds env i with s + i, a list seeds each env with its own; None lets the streams go on. With
                `levels` it is the choice of levels that is seeded.
            options: Options for this one episode, over the constructor's arguments; and, as in Gymnasium,
                `reset_mask`, bool [N]: only these envs are reset.

        Returns:
            The first observation of each episode, or the last one of an env that is not reset, and infos with
            `every_step_keys` alone.

        Raises:
            ValueError: An option or a seed is not allowed; the envs are then as they were.
        """
        if not isinstance(options, Mapping | None):
            raise ValueError(f"options is {options!r}; it must be a dict")
        options = dict(options or {})
        rows = reset_rows(options.pop("reset_mask", None), self.num_envs, self._last_observation is not None)
        values = self._arguments | encode(self.options, options)
        self._check_options(values)
        rngs = self._state["level_rng" if self._levels[1] else "rng"]
        seeds = seeds_per_env(seed, self.num_envs)
        for i, number in enumerate(seeds):
            if number is not None and rows[i]:
                rngs[i] = rng_from_seed(number)
        if seeds.count(None) < self.num_envs:
            self._on_seeded_reset()
        if options:
            self._apply_options(np.flatnonzero(rows), values)
        self._state["row"][rows] = np.flatnonzero(rows) if options else self.num_envs
        self._state["phase"][rows] = RESETTING
        return self._begin(rows)

    def _begin(self, rows: NDArray[np.bool_]) -> tuple[Observation, Infos]:
        """Step the rows of a reset; the other rows also take the step, and are then restored."""
        others = ~rows
        state = self._state[others]
        kept = [array[others] for array in arrays_of(self._last_observation)] if others.any() else []
        observation, *_ = self._step(self._no_actions, True)
        self._state[others] = state
        for array, values in zip(arrays_of(observation), kept, strict=False):
            array[others] = values
        if self.render_mode == "human":
            self.render()
        return observation, self._infos(self.every_step_keys, rows)

    def _infos(self, keys: Sequence[str], rows: NDArray[np.bool_]) -> Infos:
        infos: Infos = {}
        for key in keys:
            infos[key] = self._state[key].copy()
            infos[f"_{key}"] = rows.copy()
        return infos

    def step(self, actions: Array) -> tuple[Observation, Array, Array, Array, Infos]:
        """Advance every env by one action.

        Returns:
            Observations, rewards float64 [N], terminated bool [N], truncated bool [N], and infos:
            `every_step_keys`, and at an end `info_keys`, each an array [N, ...] with its mask [N] under `_key`.

        Raises:
            ValueError: The actions have the wrong shape or values.
        """
        outcome = self._step(action_rows(actions, self.action_space, self.single_action_space, self._choices), False)
        if self.render_mode == "human":
            self.render()
        return outcome

    def _step(self, actions: Array, is_reset: bool) -> tuple[Observation, Array, Array, Array, Infos]:
        observation = allocate(self._compiled_space, self.num_envs) if self._shared is None else self._shared
        rewards = np.empty(self.num_envs)
        ends = np.empty(self.num_envs, np.bool_)
        pixels, vectors = pixels_and_vectors(observation)
        batch = (self._state, self._params, self._levels, self._scene, pixels, vectors, rewards, ends)
        ends_one = self._threads.run(self._compiled_step, actions, *batch)
        infos = self._infos(self.every_step_keys, self._all_rows)
        truncated = np.zeros(self.num_envs, np.bool_)
        observation = self._complete_observation(observation, actions)
        self._last_observation = observation
        if not ends_one:
            return observation, rewards, ends, truncated, infos
        infos |= self._infos(self.info_keys, ends)
        others = ~ends
        for key in self.info_keys:
            infos[key][others] = 0
        terminated = ends
        if "truncated" in self._state.dtype.fields:
            terminated = ends & self._state["terminated"]
            truncated = ends & self._state["truncated"]
        if not is_reset:
            self._on_episode_end(ends)
        return observation, rewards, terminated, truncated, infos

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Go on from a `state_dict`; the steps that follow are those of the envs it was taken from, bit for bit.

        Raises:
            ValueError: It is from another kind or number of envs, or other options, or holds values that no env has;
                the envs are then as they were.
        """
        self._load(state)
        self._last_observation = None
