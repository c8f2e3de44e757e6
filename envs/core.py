"""Many environments in one object: all state in one structured array, one compiled call a step.

With NEXT_STEP autoreset the step after an episode's end ignores its action and returns the first observation of the
next episode with reward 0. `reset` is that same step with everyone's episode over, so that a game is one compiled loop
over envs: begin or advance, then observe.

Legend: N envs.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from gymnasium.spaces import Dict, Discrete, MultiDiscrete, Space
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from memorl.envs.episodes import CALLED, COMMON, COMMON_BOUNDS, ENDED, Array, level_range
from memorl.envs.options import Field, Flag, Integer, Option, encode
from memorl.envs.random import are_streams, seeds_per_env, stream_from_seed
from memorl.envs.snapshot import Bounds, check_bounds, check_fit, views

Observation: TypeAlias = Any
"""Array [N, ...], or a dict of them."""

_BATCH: dict[str, Option] = {"num_envs": Integer(1, 2**31), "threads": Integer(1, 1024), "copy": Flag()}


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
        threads: How many threads share a step; the steps are the same for any number.
        copy: Whether a step returns fresh observation arrays; if not, the next step overwrites them.
        render_mode: One of `metadata["render_modes"]`, where the game has pictures, or None.
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
        threads: int = 1,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        encode(_BATCH, {"num_envs": num_envs, "threads": threads, "copy": copy})
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(f"{render_mode=} is not allowed: choose from {[None, *self.metadata['render_modes']]}")
        self.num_envs, self.copy, self.render_mode, self.options = num_envs, copy, render_mode, dict(options)
        self.single_observation_space, self.single_action_space = single_observation_space, single_action_space
        self.observation_space = batch_space(single_observation_space, num_envs)
        self.action_space = batch_space(single_action_space, num_envs)
        choices = single_action_space.n if isinstance(single_action_space, Discrete) else single_action_space.nvec
        self._choices: NDArray[np.uint64] = np.asarray(choices, np.uint64).reshape(-1)
        blocks = np.linspace(0, num_envs, min(threads, num_envs) + 1).astype(int).tolist()
        self._blocks = list(pairwise(blocks))
        self._pool = ThreadPoolExecutor(len(self._blocks) - 1) if len(self._blocks) > 1 else None
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
        self._seen: Observation | None = None

    @abstractmethod
    def _derive(self, rules: Array) -> None:
        """Fill the derived fields of all rules, and those of the state that depend on them."""

    @abstractmethod
    def _play(self, actions: Array, observation: Observation, rewards: Array, ends: Array) -> None:
        """Begin or advance every env and write what it observes; actions is int64 [N, axes]."""

    def _spread(self, play: Callable[..., None], *arguments: Any) -> None:
        """Call the compiled `play(low, high, *arguments)` for all envs, a block of them in each thread."""
        own, *others = self._blocks
        waiting = [self._pool.submit(play, *block, *arguments) for block in others] if self._pool else []
        try:
            play(*own, *arguments)
        finally:
            wait(waiting)
        for block in waiting:
            block.result()

    def close_extras(self, **_: Any) -> None:
        """End the threads."""
        if self._pool:
            self._pool.shutdown()

    def _check(self, values: Mapping[str, Any]) -> None:
        """Raise ValueError where options that are allowed one by one do not go together."""

    def _judge(self, ends: Array) -> None:
        """Learn from the episodes that ended in a step; a reset ends none."""

    def _restart(self) -> None:
        """Forget what goes on from episode to episode: `reset` was given a seed."""

    def _bounds(self, state: Array, rules: Array) -> Bounds:
        """What the fields of a loaded state must lie within; `rules` [N] are those in force in each env."""
        return {}

    def _govern(self, rows: slice | NDArray[np.intp], values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            self._rules[name][rows] = value
        self._derive(self._rules)

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
            options: Options for this one episode, over the constructor's arguments. Beside them, as in all vector
                environments of Gymnasium, `reset_mask`, bool [N]: only these envs are reset.

        Returns:
            The first observation of each episode, and infos with `every_step_keys` alone; with a `reset_mask` the
            others' observations are those that they gave last, as the arrays that were given stand now.

        Raises:
            ValueError: An option or a seed is not allowed; the envs are then as they were.
        """
        if not isinstance(options, Mapping | None):
            raise ValueError(f"{options=} is not allowed: give a dict")
        options = dict(options or {})
        chosen = self._chosen(options.pop("reset_mask", None))
        values = self._arguments | encode(self.options, options)
        self._check(values)
        seeded, seeds = self._state["chooser" if self._levels[1] else "stream"], seeds_per_env(seed, self.num_envs)
        for i, number in enumerate(seeds):
            if number is not None and chosen[i]:
                seeded[i] = stream_from_seed(number)
        if seeds.count(None) < self.num_envs:
            self._restart()
        if options:
            self._govern(np.flatnonzero(chosen), values)
        self._state["row"][chosen] = np.flatnonzero(chosen) if options else self.num_envs
        self._state["phase"][chosen] = CALLED
        return self._begin(chosen)

    def _chosen(self, mask: Any) -> NDArray[np.bool_]:
        if mask is None:
            return np.ones(self.num_envs, np.bool_)
        try:
            rows = np.asarray(mask)
        except ValueError:
            raise ValueError(f"reset_mask is ragged: give bool ({self.num_envs},)") from None
        if rows.shape != (self.num_envs,) or rows.dtype != np.bool_ or not rows.any():
            given = f"{rows.dtype} {rows.shape}, {np.count_nonzero(rows)} of them set,"
            raise ValueError(f"reset_mask of {given} is not allowed: give bool ({self.num_envs},), one of them True")
        if self._seen is None and not rows.all():
            raise ValueError("reset_mask is not allowed before all envs were reset or stepped, or right after a load")
        return rows

    def _begin(self, chosen: NDArray[np.bool_]) -> tuple[Observation, dict[str, Any]]:
        """Step the envs that are called; the others take the step, too, and are then put back to where they were."""
        held, kept = ~chosen, self._state[~chosen]
        seen = [leaf[held] for leaf in _leaves(self._seen)] if held.any() else []
        observation, *_, infos = self._step(np.zeros((self.num_envs, len(self._choices)), np.int64))
        self._state[held] = kept
        for leaf, rows in zip(_leaves(observation), seen, strict=False):
            leaf[held] = rows
        for key in self.every_step_keys:
            infos[key], infos[f"_{key}"] = self._state[key].copy(), chosen.copy()
        self._show()
        return observation, {key: infos[key] for name in self.every_step_keys for key in (name, f"_{name}")}

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
            i = int((given.view(np.uint64) >= self._choices).any(1).argmax())
            raise ValueError(f"action {given[i].tolist()} of env {i} is not in {self.single_action_space}")
        outcome = self._step(given)
        self._judge(outcome[2])
        self._show()
        return outcome

    def _show(self) -> None:
        if self.render_mode == "human":
            self.render()

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
        self._seen = observation
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
        taken = {*views({"state": self._state}), *(f"rules.{name}" for name in self.options)}
        for key, field in views(loaded).items():
            if key in taken:
                field[...] = state[key]
        try:
            self._admit(**loaded)
        except ValueError:
            self._derive(self._rules)
            raise
        self._state[...], self._rules[...], self._seen = loaded["state"], loaded["rules"], None
        self._derive(self._rules)

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


def _leaves(observation: Observation) -> list[Array]:
    return list(observation.values()) if isinstance(observation, dict) else [observation]
