"""A vector environment as a stream of steps whose flags describe the observation of the same step.

Legend: N environments, K action branches.

    obs[t], reward[t]   the result of the action on row t - 1
    first[t]            obs[t] begins an episode (its reward is 0)
    last[t]             obs[t] ends an episode: the action on this row is ignored, row t + 1 is `first`
    terminal[t]         the episode ends for good; `last & ~terminal` is a time limit

This is Gymnasium's next-step autoreset with the names of dm_env. The value of a final observation comes out of the
ordinary forward pass, so truncation needs no special case.

Where the observation or the infos have an `action_mask` (`masks`), it is the entry of that name.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from torch import Tensor

from .episodes import EpisodeStatistics
from .interface import Interface
from .observations import InvalidStep, Observation, as_entries, find_outside, require_valid
from .saved import require_like


class Step(NamedTuple):
    """One step of N environments. Every flag describes this `obs`."""

    obs: Observation  # [N, ...]; valid until the next step
    reward: Tensor  # [N], float32
    first: Tensor  # [N], bool
    last: Tensor  # [N], bool
    terminal: Tensor  # [N], bool


class Stream:
    """A vector environment with flags as above, and the statistics of its episodes.

    Args:
        env: Any `gymnasium.vector.VectorEnv` with next-step autoreset.
        device: Device of the tensors.
        last_action: Add the previous action to the observations, as features; zeros where `first`.
        last_reward: Add the previous reward to the observations.
        scale_actions: Scale the coordinates of actions with finite bounds; see `Actions`.

    Raises:
        ValueError: If the environment resets in another mode, or one of its spaces is not supported.
    """

    current_step: Step  # the most recent step

    def __init__(
        self,
        env: VectorEnv,
        device: torch.device | str = "cpu",
        last_action: bool = False,
        last_reward: bool = False,
        scale_actions: bool = True,
    ) -> None:
        mode = env.metadata.get("autoreset_mode")
        if mode != AutoresetMode.NEXT_STEP:
            raise ValueError(f"autoreset_mode is {mode}; it must be {AutoresetMode.NEXT_STEP}")
        self.env = env
        spaces = (env.single_observation_space, env.single_action_space)
        self.interface = Interface(*spaces, device, last_action, last_reward, scale_actions)
        self.device = self.interface.device
        self.actions = self.interface.actions
        self.masks = self.interface.masks
        self.env_space = self.interface.env_space
        self.observation_space = self.interface.observation_space
        self.episodes = EpisodeStatistics(env.num_envs, getattr(env, "repeated_figures", ()))
        self._last = np.zeros(env.num_envs, bool)
        """The flag `last` of the current step, in host memory."""

    def reset(self, seed: int | Sequence[int]) -> Step:
        """Begin an episode in every environment; environment i of an integer seed s gets s + i.

        Raises:
            InvalidStep: If the environment returns what cannot be learned from; this holds for `step`, too.
        """
        obs, infos = self.env.reset(seed=seed)  # type: ignore[arg-type]
        N = self.env.num_envs
        self.episodes.reset()
        self._last = np.zeros(N, bool)
        no_end = np.zeros(N, bool)
        self.current_step = self._make_step(obs, np.zeros(N), np.ones(N, bool), self._last, no_end, infos, None)
        return self.current_step

    def step(self, action: Tensor) -> Step:
        """Act with [N, K]; where the current step is `last`, the action is ignored and an episode begins."""
        first = self._last
        obs, reward, terminated, truncated, infos = self.env.step(self.actions.to_env(action))
        reward = np.where(first, 0.0, reward)
        terminal = terminated & ~first
        self._last = (terminated | truncated) & ~first
        self.episodes.update(reward, first, self._last, infos)
        self.current_step = self._make_step(obs, reward, first, self._last, terminal, infos, action)
        return self.current_step

    def state_dict(self, with_env: bool = True) -> dict[str, Any]:
        """Return all that the next steps depend on; `env` is None where it is not wanted or cannot be saved."""
        env = None
        if with_env and hasattr(self.env, "state_dict"):
            env = {name: torch.from_numpy(value.copy()) for name, value in self.env.state_dict().items()}
        return {"env": env, "current_step": self.current_step._asdict(), "episodes": self.episodes.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict` whose `env` is not None.

        Raises:
            ValueError: If it is that of other environments, or holds what no environment shows.
        """
        self._require_step(state["current_step"])
        self.episodes.load_state_dict(state["episodes"])
        self.env.load_state_dict({name: value.cpu().numpy() for name, value in state["env"].items()})  # type: ignore[attr-defined]
        step = Step(**state["current_step"])
        obs = {name: entry.to(self.device) for name, entry in step.obs.items()}
        self.current_step = Step(obs, *(x.to(self.device) for x in step[1:]))
        self._last = step.last.cpu().numpy().copy()

    def _require_step(self, saved: Mapping[str, Any]) -> None:
        """Raise ValueError unless the step has the form of the current one, and values that a model can learn from."""
        own = self.current_step._asdict()
        parts = [{name: value for name, value in step.items() if name != "obs"} for step in (saved, own)]
        require_like("current_step", *parts)
        own_obs = self.masks.entries_like(own["obs"], saved["obs"], self.env.num_envs)
        require_like("current_step.obs", saved["obs"], own_obs)
        for name, entry in {**parts[0], **saved["obs"]}.items():
            if not entry.isfinite().all():
                raise ValueError(f"current_step.{name} has numbers that are not finite")
        for name, space in self.observation_space.items():
            if find_outside(space, saved["obs"][name].cpu().numpy()) is not None:
                raise ValueError(f"current_step.obs.{name} has numbers that are not in {space}")

    def _make_step(
        self, obs: Any, reward: np.ndarray, first: np.ndarray, last: np.ndarray, terminal: np.ndarray,
        infos: Mapping[str, Any],
        action: Tensor | None,
    ) -> Step:  # fmt: skip
        """Return the tensors of a step; `action` is the one that led to it."""
        if not isinstance(infos, Mapping):
            raise InvalidStep(f"infos of {self.env} is {infos!r}; it must be a dictionary")
        arrays = {name: np.asarray(entry) for name, entry in as_entries(obs).items()}
        require_valid(arrays, self.env_space.spaces, self.episodes.lengths)
        require_valid({"reward": reward}, {}, self.episodes.lengths)
        flags = [self.interface.to_tensor(x) for x in (first, last, terminal)]
        rewards = self.interface.to_tensor(reward).float()
        features = None if action is None or not self.interface.last_action else self.actions.encode(action)
        entries = self.interface.make_entries(arrays, infos, last, features, rewards, flags[0])
        return Step(entries, rewards, *flags)
