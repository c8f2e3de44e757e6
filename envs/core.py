"""Many environments in one object: all state in one structured array, one compiled call a step.

With NEXT_STEP autoreset the step after an episode's end ignores its action and returns the first observation of the
next episode with reward 0. `reset` is that same step with everyone's episode over, so that a game is one compiled loop
over envs: begin or advance, then observe.

Legend: N envs.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from gymnasium.spaces import Dict, Discrete, MultiDiscrete, Space
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from memorl.envs.episodes import CALLED, COMMON, COMMON_BOUNDS, ENDED, Array, level_range
from memorl.envs.options import Field, Integer, Option, encode
from memorl.envs.random import are_streams, seeds_per_env, stream_from_seed
from memorl.envs.snapshot import Bounds, check_bounds, check_fit, views

Observation: TypeAlias = Any
"""Array [N, ...], or a dict of them."""


class BatchedEnv(VectorEnv[Observation, Array, Array], ABC):
    """A natively batched environment; subclasses give its spaces, its records and the compiled step.

    Args:
        single_observation_space: What one env returns.
        single_action_space: Discrete or MultiDiscrete, from 0.
        options: What `reset(options=...)` accepts.
        arguments: A value for each option.
        state: Fields of an env besides the common ones, named as in `info_keys` (reported at the end of an
            episode) and `every_step_keys` (in every info, also that of `reset`).
        rules: Fields of the rules: the options, and what `_derive` computes from them.
        num_envs: N.
        levels: `{"start": s, "count": c}`: each episode plays one of the levels s .. s+c-1, drawn uniformly.
        copy: Whether a step returns fresh observation arrays; if not, the next step overwrites them.
        render_mode: `"rgb_array"` where the game has pictures, or None.
    """

    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012
    info_keys: tuple[str, ...] = ("reward", "length")
    """Fields of the state that infos hold at the end of an episode."""
    every_step_keys: tuple[str, ...] = ()
    """Fields of the state that infos always hold, also those of `reset`."""

    def __init__(
        self,
        single_observation_space: Space[Any],
        single_action_space: Discrete | MultiDiscrete,
        options: Mapping[str, Option],
        arguments: Mapping[str, Any],
        *,
        state: Sequence[Field],
        rules: Sequence[Field],
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        encode({"num_envs": Integer(1, 2**31)}, {"num_envs": num_envs})
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(f"{render_mode=} is not allowed: choose from {[None, *self.metadata['render_modes']]}")
        self.num_envs, self.copy, self.render_mode, self.options = num_envs, copy, render_mode, dict(options)
        self.single_observation_space, self.single_action_space = single_observation_space, single_action_space
        self.observation_space = batch_space(single_observation_space, num_envs)
        self.action_space = batch_space(single_action_space, num_envs)
        choices = single_action_space.n if isinstance(single_action_space, Discrete) else single_action_space.nvec
        self._choices: NDArray[np.uint64] = np.asarray(choices, np.uint64).reshape(-1)
        self._levels = np.array(level_range(levels), np.int64)
        self._arguments = encode(options, arguments)
        self._check(self._arguments)
        self._state = np.zeros(num_envs, np.dtype([*COMMON, *state], align=True))
        self._rules = np.zeros(num_envs + 1, np.dtype([*rules], align=True))
        self._govern(slice(None), self._arguments)
        self._state["phase"] = ENDED
        for name in ("stream", "chooser"):
            seeds = np.random.default_rng().integers(2**63, size=num_envs)
            self._state[name] = [stream_from_seed(seed) for seed in seeds.tolist()]
        self._shared = None if copy else self._allocate()

    @abstractmethod
    def _derive(self, rules: Array) -> None:
        """Fill the derived fields of some rows of the rules."""

    @abstractmethod
    def _play(self, actions: Array, observation: Observation, rewards: Array, ends: Array) -> None:
        """Begin or advance every env and write what it observes; actions is int64 [N, axes]."""

    def _check(self, values: Mapping[str, Any]) -> None:
        """Raise ValueError where options that are allowed one by one do not go together."""

    def _restart(self) -> None:
        """Forget what goes on from episode to episode: `reset` was given a seed."""

    def _bounds(self, state: Array, rules: Array) -> Bounds:
        """What the fields of a loaded state must lie within; `rules` [N] are those in force in each env."""
        return {}

    def _govern(self, rows: slice, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            self._rules[name][rows] = value
        self._derive(self._rules[rows])

    def _allocate(self) -> Observation:
        def empty(space: Space[Any]) -> Array:
            return np.empty((self.num_envs, *(space.shape or ())), space.dtype)

        if isinstance(self.single_observation_space, Dict):
            return {key: empty(space) for key, space in self.single_observation_space.items()}
        return empty(self.single_observation_space)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin a new episode everywhere.

        Args:
            seed: s seeds env i with s + i, a list seeds each env with its own; None lets the streams go on. With
                `levels` it is the choice of levels that is seeded.
            options: Options for this one episode, over the constructor's arguments.

        Returns:
            The first observation of each episode, and infos with `every_step_keys` alone.

        Raises:
            ValueError: An option or a seed is not allowed; the envs are then as they were.
        """
        values = self._arguments | encode(self.options, options or {})
        self._check(values)
        seeded, seeds = self._state["chooser" if self._levels[1] else "stream"], seeds_per_env(seed, self.num_envs)
        for i, number in enumerate(seeds):
            if number is not None:
                seeded[i] = stream_from_seed(number)
        if seeds.count(None) < self.num_envs:
            self._restart()
        if options:
            self._govern(slice(self.num_envs), values)
        self._state["row"] = np.arange(self.num_envs) if options else self.num_envs
        self._state["phase"] = CALLED
        observation, *_, infos = self._step(np.zeros((self.num_envs, len(self._choices)), np.int64))
        return observation, infos

    def step(self, actions: Array) -> tuple[Observation, Array, Array, Array, dict[str, Any]]:
        """Advance every env by one action.

        Returns:
            Observations, rewards float64 [N], terminated bool [N], truncated bool [N] (always False), and infos:
            `every_step_keys`, and at the end of an episode `info_keys`, each an array [N, ...] with its mask [N] under
            `_key`.

        Raises:
            ValueError: The actions have the wrong shape or values.
        """
        given = np.asarray(actions)
        if given.shape != self.action_space.shape or given.dtype.kind not in "iu":
            raise ValueError(f"actions of {given.dtype} {given.shape} are not in {self.action_space}")
        given = np.ascontiguousarray(given, np.int64).reshape(self.num_envs, len(self._choices))
        if not (given.view(np.uint64) < self._choices).all():
            raise ValueError(f"actions {actions} are not in {self.action_space}")
        return self._step(given)

    def _step(self, actions: Array) -> tuple[Observation, Array, Array, Array, dict[str, Any]]:
        observation = self._allocate() if self._shared is None else self._shared
        rewards, ends = np.empty(self.num_envs), np.empty(self.num_envs, np.bool_)
        self._play(actions, observation, rewards, ends)
        infos: dict[str, Any] = {}
        for key in self.every_step_keys:
            infos[key], infos[f"_{key}"] = self._state[key].copy(), np.ones(self.num_envs, np.bool_)
        for key in self.info_keys if ends.any() else ():
            infos[key], infos[f"_{key}"] = self._state[key].copy(), ends.copy()
            infos[key][~ends] = 0
        return observation, rewards, ends, np.zeros(self.num_envs, np.bool_), infos

    def state_dict(self) -> dict[str, Array]:
        """All that decides the steps to come, random streams included, as plain numeric arrays."""
        return {key: field.copy() for key, field in views({"state": self._state, "rules": self._rules}).items()}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Go on from a `state_dict`; the steps that follow are those of the envs it was taken from, bit for bit.

        Raises:
            ValueError: It is from another kind or number of envs, or other options, or holds values that no env has;
                the envs are then as they were.
        """
        own = views({"state": self._state, "rules": self._rules})
        check_fit(own, state)
        for name in self.options:
            ours, theirs = own[f"rules.{name}"][-1], state[f"rules.{name}"][-1]
            if not np.array_equal(ours, theirs):
                raise ValueError(f"the state is of envs with {name} {theirs}, these have {ours}")
        loaded = {"state": self._state.copy(), "rules": self._rules.copy()}
        for key, field in views(loaded).items():
            field[...] = state[key]
        self._admit(**loaded)
        self._state[...], self._rules[...] = loaded["state"], loaded["rules"]

    def _admit(self, state: Array, rules: Array) -> None:
        """Raise ValueError where loaded records hold what no env could; fill the derived fields of the rules."""
        for name, option in self.options.items():
            if not option.holds(rules[name]):
                raise ValueError(f"rules.{name} holds a value that is not allowed: give {option}")
        for rule in rules:
            self._check({name: rule[name] for name in self.options})
        self._derive(rules)
        for name in ("stream", "chooser"):
            if not are_streams(state[name]):
                raise ValueError(f"state.{name} holds a value that no random stream has")
        check_bounds("state", state, {**COMMON_BOUNDS, "row": (0, self.num_envs)})
        check_bounds("state", state, self._bounds(state, rules[state["row"]]))
