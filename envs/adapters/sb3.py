"""Batches of envs as vector environments of Stable-Baselines3.

    from memorl.envs import MortarMayhem
    from memorl.envs.adapters.sb3 import SB3VecEnv
    PPO("CnnPolicy", SB3VecEnv(MortarMayhem(num_envs=32))).learn(1_000_000)

A `VecEnv` begins the next episode in the step that ends one: its observation is the first one of the next episode, and
the final one is in `infos[n]["terminal_observation"]`. Here the envs that ended are reset through `reset_mask`, while
the others stay where they are.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, final

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv

from memorl.envs.engine.observations import info_of_row, row_of

try:
    from stable_baselines3.common.vec_env import VecEnv
except ImportError as error:
    raise ImportError(f"Stable-Baselines3 is missing ({error}): pip install stable-baselines3") from error


@final
class SB3VecEnv(VecEnv):
    """A Gymnasium vector environment with next-step autoreset that knows `reset_mask`, as a `VecEnv`.

    Raises:
        ValueError: It has another autoreset mode.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        mode = env.metadata.get("autoreset_mode")
        if mode != AutoresetMode.NEXT_STEP:
            raise ValueError(f"autoreset_mode is {mode}; it must be {AutoresetMode.NEXT_STEP}")
        self.env = env
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)

    def reset(self) -> Any:
        """Begin an episode everywhere, with the seeds of `seed` and the options of `set_options`."""
        options: list[dict[str, Any]] = self._options
        if any(other != options[0] for other in options):
            raise ValueError("options must be the same for all envs of a batch")
        observation, infos = self.env.reset(seed=self._seeds, options=options[0] or None)
        self._reset_seeds()
        self._reset_options()
        self.reset_infos = [info_of_row(infos, n) for n in range(self.num_envs)]
        return observation

    def step_async(self, actions: np.ndarray) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[Any, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Step every env, and begin the next episode of those that ended."""
        observation, rewards, terminated, truncated, infos = self.env.step(self._actions)
        done = terminated | truncated
        infos_of_rows = [info_of_row(infos, n) for n in range(self.num_envs)]
        for n, info in enumerate(infos_of_rows):
            info["TimeLimit.truncated"] = bool(truncated[n] and not terminated[n])
        if done.any():
            rows = np.flatnonzero(done).tolist()
            for n in rows:
                infos_of_rows[n]["terminal_observation"] = deepcopy(row_of(observation, n))
            observation, first_infos = self.env.reset(options={"reset_mask": done.copy()})
            for n in rows:
                self.reset_infos[n] = info_of_row(first_infos, n)
        return observation, np.asarray(rewards, np.float32), done, infos_of_rows

    def close(self) -> None:
        """Close the envs."""
        self.env.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """Return what the envs render."""
        return self.env.render() or [None] * self.num_envs  # type: ignore[return-value]

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return an attribute of the batch, once for each env."""
        return [getattr(self.env, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute of the batch, which all its envs share."""
        if len(list(self._get_indices(indices))) != self.num_envs:
            raise ValueError(f"{attr_name} cannot be set for some envs of a batch: give no indices")
        setattr(self.env, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Call a method of the batch once, and return its result once for each env."""
        outcome = getattr(self.env, method_name)(*args, **kwargs)
        return [outcome for _ in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Return False for each env, as none is wrapped by itself."""
        return [False for _ in self._get_indices(indices)]
