"""A batch of one JAX environment with gymnax's interface, compiled as a whole.

Legend: N environments. The environment is functions of a random key and of parameters:

    reset_env(key, params) -> obs, state
    step_env(key, state, action, params) -> obs, state, reward, terminated, info
    is_truncated(state, params) -> bool       in gymnax from version 1; before it, `terminated` has the time limit too

Each of N has a key of its own, which no other one changes. A step is computed for all of N. Where an episode ended one
step before, the state and observation of `reset_env` are taken instead; it is only called when one of N needs it.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any, final

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # else JAX takes most of a GPU's memory from torch

import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from .jax_spaces import map_space, to_gymnasium

Bytes = NDArray[np.uint8]


@final
class JaxBatch(VectorEnv[Any, Any, Any]):
    """N environments with next-step autoreset, whose state can be saved.

    Args:
        env: The environment.
        params: Its parameters.
        num_envs: N.
        device: The device that computes it.
    """

    def __init__(self, env: Any, params: Any, num_envs: int, device: jax.Device) -> None:
        self.metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}
        self.num_envs = num_envs
        self._env = env
        self._params = params
        self._device = device
        self.single_action_space = to_gymnasium("action_space", env.action_space(params))
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._compiled_reset = jax.jit(self._reset)
        self._compiled_step = jax.jit(self._step)
        keys = jax.ShapeDtypeStruct((num_envs, 2), jnp.uint32)
        first = jax.eval_shape(self._begin, keys)
        self.single_observation_space = to_gymnasium("observation_space", env.observation_space(params), first[0])
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        actions = jax.tree.map(jnp.asarray, self.action_space.sample())
        over = jax.ShapeDtypeStruct((num_envs,), jnp.bool_)
        self._types = jax.eval_shape(self._advance, keys, first[1], actions, over)[1]
        self._tells_limits = self._can_tell_limits()

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode in every env; env i of `seed=s` has the key of s + i."""
        if seed is None or isinstance(seed, int | np.integer):
            super().reset(seed=None if seed is None else int(seed))
            start = int(self.np_random.integers(2**32)) if seed is None else int(seed)
            seeds: Sequence[Any] = range(start, start + self.num_envs)
        else:
            seeds = [int(self.np_random.integers(2**32)) if s is None else int(s) for s in seed]
        if len(seeds) != self.num_envs:
            raise ValueError(f"seed has {len(seeds)} numbers; it must have one for each of {self.num_envs} envs")
        words = np.array([[s >> 32 & 0xFFFFFFFF, s & 0xFFFFFFFF] for s in seeds], np.uint32)
        observation, self._now = self._compiled_reset(jax.device_put(words, self._device))
        return self._as_space(observation), {}

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Step every env; those whose episode ended one step before begin the next one, with reward 0."""
        taken = jax.tree.map(lambda x: jax.device_put(np.asarray(x), self._device), actions)
        began = np.array(self._now[2])
        outcome, self._now = self._compiled_step(*self._now, taken)
        observation, *others = outcome
        reward, terminated, truncated, info = jax.tree.map(np.array, others)
        infos: dict[str, Any] = {}
        for name, value in info.items():
            if isinstance(value, np.ndarray):
                infos[name] = value
                infos[f"_{name}"] = ~began
        return self._as_space(observation), reward.astype(np.float64), terminated, truncated, infos

    def state_dict(self) -> dict[str, Bytes]:
        """Return the state of every env, the bytes of each part as a row."""
        parts = [np.array(_key_data(part)) for part in jax.tree.leaves(self._now)]
        rows = [part.reshape(self.num_envs, -1).view(np.uint8) for part in parts]
        return {f"part-{i}": row for i, row in enumerate(rows)}

    def load_state_dict(self, state: Mapping[str, Bytes]) -> None:
        """Go on from a `state_dict`.

        Raises:
            ValueError: If it is from another environment or number of envs; the envs are then as they were.
        """
        parts, tree = jax.tree.flatten(self._now)
        own = self.state_dict()
        if {name: row.shape for name, row in state.items()} != {name: row.shape for name, row in own.items()}:
            raise ValueError(f"the state is that of another environment; it must be one of {type(self._env).__name__}")
        read = []
        for part, row in zip(parts, (state[name] for name in own), strict=True):
            data = _key_data(part)
            array = np.ascontiguousarray(row, np.uint8).view(data.dtype).reshape(data.shape)
            moved = jax.device_put(array, self._device)
            read.append(jax.random.wrap_key_data(moved, impl=jax.random.key_impl(part)) if _is_key(part) else moved)
        self._now = jax.tree.unflatten(tree, read)

    def _can_tell_limits(self) -> bool:
        """Return whether `is_truncated` works: environments for an older gymnax inherit one that fails."""
        try:
            jax.eval_shape(jax.vmap(lambda state: self._env.is_truncated(state, self._params)), self._types)
        except AttributeError:
            return False
        return True

    def _begin(self, keys: Any) -> Any:
        """Return the observations and states of new episodes."""
        return jax.vmap(self._env.reset_env, (0, None))(keys, self._params)

    def _reset(self, keys: Any) -> Any:
        halves = jax.vmap(jax.random.split)(keys)
        observation, state = self._begin(halves[:, 1])
        state = jax.tree.map(_cast, state, self._types)
        return observation, (halves[:, 0], state, jnp.zeros(self.num_envs, jnp.bool_))

    def _advance(self, keys: Any, state: Any, actions: Any, over: Any) -> Any:
        """Return what `step_env` returns, with the first observations and states where an episode is over."""
        halves = jax.vmap(jax.random.split)(keys)
        observation, state, *rest = jax.vmap(self._env.step_env, (0, 0, 0, None))(
            halves[:, 0], state, actions, self._params
        )

        def begin(after: Any) -> Any:
            first = self._begin(halves[:, 1])
            return jax.tree.map(lambda new, old: jnp.where(_beside(over, old), _cast(new, old), old), first, after)

        after = jax.lax.cond(over.any(), begin, lambda same: same, (observation, state))
        return *after, *rest[:2], rest[-1], state

    def _step(self, keys: Any, state: Any, over: Any, actions: Any) -> Any:
        halves = jax.vmap(jax.random.split)(keys)
        observation, state, reward, ended, info, stepped = self._advance(halves[:, 1], state, actions, over)
        cut = jnp.zeros_like(over)
        if self._tells_limits:
            cut = jax.vmap(self._env.is_truncated, (0, None))(stepped, self._params)
        terminated, truncated = ended.astype(bool) & ~over, cut.astype(bool) & ~over
        state = jax.tree.map(_cast, state, self._types)
        outcome = (observation, jnp.where(over, 0, reward), terminated, truncated, info)
        return outcome, (halves[:, 0], state, terminated | truncated)

    def _as_space(self, observation: Any) -> Any:
        """Return observations as arrays in the types of their space."""
        return map_space(lambda space, x: np.array(x, space.dtype), self.single_observation_space, observation)


def _beside(flags: Any, x: Any) -> Any:
    """Return flags [N] in a shape that goes with `x`, [N, ...]."""
    return flags.reshape(flags.shape + (1,) * (x.ndim - 1))


def _cast(x: Any, like: Any) -> Any:
    return x if _is_key(x) else x.astype(like.dtype)


def _is_key(x: Any) -> bool:
    return bool(jnp.issubdtype(x.dtype, jax.dtypes.prng_key))


def _key_data(x: Any) -> Any:
    return jax.random.key_data(x) if _is_key(x) else x
