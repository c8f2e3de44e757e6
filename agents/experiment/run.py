"""A run: its settings, the objects they build, and all that must be saved to go on as if nothing had happened."""

import ctypes
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from memorl.agents import Stream

from .config import build_agent, build_env, build_model, checked, device_of

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # of glibc's malloc.h
PARTS = ("env", "memory", "agent", "encoder", "model")


@dataclass(frozen=True)
class Settings:
    """The keys of configs/train.yaml beside the parts; what they mean is said there."""

    seed: int
    device: str
    threads: int | None
    total_steps: int
    num_envs: int
    rollout_steps: int
    sequence_length: int | None
    last_action: bool
    last_reward: bool
    checkpoint_every: int
    keep_checkpoints: int
    run_dir: str
    resume: str | None
    trust: bool

    def __post_init__(self) -> None:
        positive = ("threads", "total_steps", "num_envs", "rollout_steps", "sequence_length")
        for name in (*positive, "checkpoint_every", "keep_checkpoints"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; it must be at least 1")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; it must be at least 0")
        length = self.sequence_length or self.rollout_steps
        if self.rollout_steps % length:
            raise ValueError(
                f"sequence_length is {length}; it must divide rollout_steps, which is {self.rollout_steps}"
            )

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Settings":
        """The settings in a composed configuration; ValueError names a key or a value that cannot be."""
        own = {key: value for key, value in config.items() if key not in PARTS}
        return cls(**checked("", own, cls.__init__))


class Run:
    """Environment, model and agent of a configuration, and where they stand.

    Args:
        config: A composed configuration, as plain containers.
        settings: Its settings.

    Raises:
        ValueError: If something in it cannot be built.
    """

    def __init__(self, config: dict[str, Any], settings: Settings) -> None:
        self.config, self.settings = config, settings
        keep_freed_memory()
        if settings.threads:
            torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        device = device_of(settings.device)
        env = build_env(config, settings.num_envs)
        self.stream = Stream(env, device, settings.last_action, settings.last_reward)
        self.model = build_model(config, self.stream.observation_space, self.stream.actions).to(device)
        self.agent = build_agent(config, self.model)
        sequences = settings.rollout_steps // (settings.sequence_length or settings.rollout_steps)
        self.agent.require_sequences(sequences * settings.num_envs)
        self.updates = 0
        self.recent: deque[float] = deque(maxlen=100)
        """Returns of the last episodes; their mean decides which checkpoint is the best."""
        self.best = float("-inf")
        self._begin(settings.seed)

    @property
    def score(self) -> float:
        """Mean return of the last 100 episodes."""
        return float(np.mean(self.recent)) if self.recent else float("-inf")

    def episodes(self) -> dict[str, float]:
        """The means over the episodes that ended since the last call; empty where none did."""
        ended = self.stream.episodes.pop()
        self.recent.extend(episode["return"] for episode in ended)
        tags = {"return": "charts/episodic_return", "length": "charts/episodic_length"}
        keys = dict.fromkeys(key for episode in ended for key in episode)
        return {tags.get(key, f"episode/{key}"): float(np.mean([e[key] for e in ended if key in e])) for key in keys}

    def state_dict(self) -> dict[str, Any]:
        """Everything, in tensors and plain containers."""
        return {
            "config": self.config,
            "model": self.model.state_dict(),
            "agent": self.agent.state_dict(),
            "stream": self.stream.state_dict(),
            "state": self.state,
            "rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "recent": list(self.recent),
            "best": self.best,
            "updates": self.updates,
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> bool:
        """Go on from a `state_dict`; False where the environment could not be saved and begins anew."""
        self.model.load_state_dict(saved["model"])
        self.agent.load_state_dict(saved["agent"])
        self.recent.extend(saved["recent"])
        self.best, self.updates = saved["best"], saved["updates"]
        whole = saved["stream"]["env"] is not None
        if whole:
            self.stream.load_state_dict(saved["stream"])
            self.state = {name: value.to(self.stream.device) for name, value in saved["state"].items()}
            self.model.memory.require_state(self.state, self.settings.num_envs)
        else:
            self._begin(self.settings.seed + self.agent.steps)
        torch.set_rng_state(saved["rng"].cpu())
        if saved["cuda_rng"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all([state.cpu() for state in saved["cuda_rng"]])
        return whole

    def _begin(self, seed: int) -> None:
        """Begin an episode everywhere, each environment with a seed unrelated to those of another run."""
        N = self.settings.num_envs
        self.stream.reset([int(s) for s in np.random.SeedSequence(seed).generate_state(N)])
        self.state = self.model.memory.initial_state(N)


def keep_freed_memory() -> None:
    """Keep the large blocks that an update frees for the next one, in the whole process, where glibc allocates.

    By default they go back to the kernel, and its clearing their pages anew took a fifth of an update on 2 CPU cores
    (docs/log.md).
    """
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if libc and hasattr(libc, "mallopt"):
        for parameter, size in ((M_MMAP_THRESHOLD, 1 << 30), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 1 << 28)):
            libc.mallopt(parameter, size)
