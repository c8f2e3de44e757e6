"""A vector environment as a stream of steps whose flags speak of the observation beside them.

Legend: N environments.

    obs[t], reward[t]   what the action on row t - 1 led to
    first[t]            obs[t] begins an episode (its reward is 0)
    last[t]             obs[t] ends one: the action taken on this row is ignored, row t + 1 is `first`
    terminal[t]         it ends for good; `last & ~terminal` is a time limit

This is Gymnasium's next-step autoreset with the names of dm_env. The value of a final observation comes out of the
ordinary forward pass, so truncation needs no special case.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from torch import Tensor

from .actions import Actions
from .encoders import Observation


class Step(NamedTuple):
    """What N environments hand over at one moment. Every flag speaks of this `obs`."""

    obs: Observation
    """[N, ...]; valid until the next step."""
    reward: Tensor
    """[N], float32."""
    first: Tensor
    """[N], bool."""
    last: Tensor
    """[N], bool."""
    terminal: Tensor
    """[N], bool."""


class Stream:
    """Steps a vector environment and keeps the books of its episodes.

    Args:
        env: Any `gymnasium.vector.VectorEnv` with next-step autoreset.
        device: Where the tensors go.
        last_action: Add the action before to the observations, as features; zeros where `first`.
        last_reward: Add the reward before to the observations.

    Raises:
        ValueError: If the environment resets in another mode.
    """

    now: Step
    """The step that stands."""

    def __init__(
        self, env: VectorEnv, device: torch.device | str = "cpu", last_action: bool = False, last_reward: bool = False
    ) -> None:
        mode = env.metadata.get("autoreset_mode")
        if mode != AutoresetMode.NEXT_STEP:
            raise ValueError(f"autoreset_mode is {mode}; a stream needs {AutoresetMode.NEXT_STEP}")
        self.env, self.device = env, torch.device(device)
        self.actions = Actions(env.single_action_space)
        self.last_action, self.last_reward = last_action, last_reward
        self.observation_space = self._space(env.single_observation_space)
        self.returns, self.lengths = np.zeros(env.num_envs), np.zeros(env.num_envs, np.int64)
        self.episodes: list[dict[str, float]] = []
        """Return, length and the environment's own figures of every episode that ended; for the caller to empty."""

    def reset(self, seed: int | Sequence[int]) -> Step:
        """Begin an episode everywhere; environment i of an integer seed s gets s + i."""
        obs, _ = self.env.reset(seed=seed)  # type: ignore[arg-type]
        self.returns[:], self.lengths[:] = 0, 0
        N = self.env.num_envs
        self.now = self._step(obs, np.zeros(N), np.ones(N, bool), np.zeros(N, bool), np.zeros(N, bool), None)
        return self.now

    def step(self, action: Tensor) -> Step:
        """Act with [N, K]; where the step that stands is `last`, the action is ignored and an episode begins."""
        first = self.now.last.cpu().numpy()
        obs, reward, terminated, truncated, infos = self.env.step(self.actions.to_env(action))
        reward = np.where(first, 0.0, reward)
        terminal, last = terminated & ~first, (terminated | truncated) & ~first
        self.returns = np.where(first, 0.0, self.returns + reward)
        self.lengths = np.where(first, 0, self.lengths + 1)
        for n in np.flatnonzero(last):
            self.episodes.append(
                {"return": float(self.returns[n]), "length": int(self.lengths[n]), **_own(infos, int(n))}
            )
        self.now = self._step(obs, reward, first, last, terminal, action)
        return self.now

    def state_dict(self) -> dict[str, Any]:
        """All that the next steps depend on; `env` is None where the environment cannot tell."""
        tell = getattr(self.env, "state_dict", None)
        env = None if tell is None else {k: torch.from_numpy(v.copy()) for k, v in tell().items()}
        books = {"returns": torch.from_numpy(self.returns.copy()), "lengths": torch.from_numpy(self.lengths.copy())}
        return {"now": self.now._asdict(), "env": env, **books}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict` whose `env` is not None."""
        now = Step(**state["now"])
        returns, lengths = state["returns"].cpu().numpy().copy(), state["lengths"].cpu().numpy().copy()
        if not len(returns) == len(lengths) == len(now.reward) == self.env.num_envs:
            raise ValueError(f"the state is of {len(returns)} environments; these are {self.env.num_envs}")
        self.env.load_state_dict({k: v.cpu().numpy() for k, v in state["env"].items()})  # type: ignore[attr-defined]
        self.returns, self.lengths = returns, lengths
        obs = (
            {k: v.to(self.device) for k, v in now.obs.items()} if isinstance(now.obs, dict) else now.obs.to(self.device)
        )
        self.now = Step(obs, *(x.to(self.device) for x in now[1:]))

    def _space(self, space: spaces.Space) -> spaces.Space:
        if not (self.last_action or self.last_reward):
            return space
        entries = dict(space.spaces) if isinstance(space, spaces.Dict) else {"observation": space}
        if self.last_action:
            entries["last_action"] = spaces.Box(-np.inf, np.inf, (self.actions.feature_size,))
        if self.last_reward:
            entries["last_reward"] = spaces.Box(-np.inf, np.inf, (1,))
        return spaces.Dict(entries)

    def _step(
        self,
        obs: Any,
        reward: np.ndarray,
        first: np.ndarray,
        last: np.ndarray,
        terminal: np.ndarray,
        action: Tensor | None,
    ) -> Step:
        gain = self._tensor(reward).float()
        flags = [self._tensor(flag) for flag in (first, last, terminal)]
        seen: Observation = {k: self._tensor(v) for k, v in obs.items()} if isinstance(obs, dict) else self._tensor(obs)
        memo: dict[str, Tensor] = {}
        if self.last_action:
            blank = torch.zeros(len(gain), self.actions.feature_size, device=self.device)
            memo["last_action"] = blank if action is None else self.actions.encode(action)
            memo["last_action"] = memo["last_action"].masked_fill(flags[0][:, None], 0)
        if self.last_reward:
            memo["last_reward"] = gain[:, None]
        if memo:
            seen = (seen if isinstance(seen, dict) else {"observation": seen}) | memo
        return Step(seen, gain, *flags)

    def _tensor(self, x: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(x))
        tensor = tensor.pin_memory() if self.device.type == "cuda" else tensor  # or its copy would be waited for
        tensor = tensor.to(self.device, non_blocking=True)
        return tensor.float() if tensor.dtype == torch.float64 else tensor


def _own(infos: Mapping[str, Any], n: int) -> dict[str, float]:
    """The numbers that environment n reports beside its last observation, but those that the stream counts itself."""
    told = {key: values for key, values in infos.items() if f"_{key}" in infos and infos[f"_{key}"][n]}
    arrays = {key: values for key, values in told.items() if isinstance(values, np.ndarray) and values.ndim == 1}
    numbers = {key: float(values[n]) for key, values in arrays.items() if values.dtype.kind in "biuf"}
    return {key: value for key, value in numbers.items() if key not in ("reward", "length")}
