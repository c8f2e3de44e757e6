"""The keys of configs/train.yaml and configs/evaluate.yaml, which explain them, as types with checks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memorl.memory.checks import require_at_least, require_between, require_positive

from .schema import Constructor

MAX_STEPS = 10**13
MAX_ENVS = 2**17
MAX_LEVELS = 10**6
MAX_CHECKPOINTS = 10**6
MAX_PROBE_STEPS = 2**14
MAX_SEED = 2**63 - 1
"""Larger numbers are typing errors: no machine would finish such a run, or torch cannot read them."""

PARTS = ("env", "memory", "encoder", "model", "agent")
"""Keys of a run's configuration that are classes with arguments; the others are its settings."""

NOT_LEARNED_FROM = (
    "run_dir", "resume", "resume_from", "init_from_partial", "trust", "device", "threads",
    "checkpoint_every", "checkpoint_minutes", "keep_checkpoints", "evaluate_every", "evaluate_start", "evaluate_levels",
    "evaluate_greedy", "evaluate_max_steps",
)  # fmt: skip
"""Settings that do not change what a run learns."""


@dataclass(frozen=True)
class RunSettings:
    """The settings of a run."""

    seed: int
    device: str
    threads: int | None
    total_steps: int
    num_envs: int
    rollout_steps: int
    sequence_length: int | None
    last_action: bool
    last_reward: bool
    scale_actions: bool
    checkpoint_every: int
    checkpoint_minutes: float | None
    keep_checkpoints: int
    evaluate_every: int | None
    evaluate_start: int
    evaluate_levels: int
    evaluate_greedy: bool
    evaluate_max_steps: int
    run_dir: str
    resume: str | None
    resume_from: str | None
    init_from: str | None
    init_from_partial: bool
    trust: bool

    def __post_init__(self) -> None:
        require_between(0, MAX_SEED, seed=self.seed)
        require_at_least(1, threads=self.threads)
        require_between(1, MAX_STEPS, total_steps=self.total_steps, rollout_steps=self.rollout_steps)
        require_between(1, MAX_STEPS, sequence_length=self.sequence_length)
        require_between(1, MAX_ENVS, num_envs=self.num_envs)
        require_between(1, MAX_STEPS, checkpoint_every=self.checkpoint_every)
        require_between(1, MAX_CHECKPOINTS, keep_checkpoints=self.keep_checkpoints)
        require_positive(checkpoint_minutes=self.checkpoint_minutes)
        require_between(0, MAX_SEED - MAX_LEVELS, evaluate_start=self.evaluate_start)
        require_between(1, MAX_LEVELS, evaluate_levels=self.evaluate_levels)
        require_between(1, MAX_STEPS, evaluate_every=self.evaluate_every, evaluate_max_steps=self.evaluate_max_steps)
        if self.sequence_length and self.rollout_steps % self.sequence_length:
            allowed = f"it must divide rollout_steps, which is {self.rollout_steps}"
            raise ValueError(f"sequence_length is {self.sequence_length}; {allowed}")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "RunSettings":
        """Return the settings of a configuration; ValueError names a key or a value that is not allowed."""
        return Constructor("", cls, {key: value for key, value in config.items() if key not in PARTS}).build()

    @property
    def sequences(self) -> int:
        """Return the number of sequences of a rollout."""
        return self.num_envs * (self.rollout_steps // (self.sequence_length or self.rollout_steps))


@dataclass(frozen=True)
class EvaluationSettings:
    """The settings of an evaluation."""

    checkpoint: str | None
    best: bool
    start: int
    levels: int
    repetitions: int
    num_envs: int | None
    greedy: bool
    max_steps: int
    env: dict[str, Any]
    video: bool | str
    video_episodes: int
    probe: bool
    probe_steps: int
    seed: int
    device: str
    threads: int | None
    trust: bool

    def __post_init__(self) -> None:
        if self.checkpoint is None:
            raise ValueError("checkpoint is missing; it must be a run folder or a checkpoint in one")
        require_between(1, MAX_LEVELS, levels=self.levels, repetitions=self.repetitions)
        require_between(1, MAX_LEVELS, levels_times_repetitions=self.levels * self.repetitions)
        require_between(1, MAX_LEVELS, video_episodes=self.video_episodes)
        require_between(1, MAX_STEPS, max_steps=self.max_steps)
        require_between(1, MAX_PROBE_STEPS, probe_steps=self.probe_steps)
        require_between(0, MAX_SEED - MAX_LEVELS, start=self.start)
        require_between(0, MAX_SEED, seed=self.seed)
        require_between(1, MAX_ENVS, num_envs=self.num_envs)
        require_at_least(1, threads=self.threads)
        if "levels" in self.env:
            raise ValueError("env.levels cannot be set; start and levels choose the levels")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "EvaluationSettings":
        """Return the settings of a configuration; ValueError names a key or a value that is not allowed."""
        return Constructor("", cls, config).build()

    @property
    def protocol(self) -> dict[str, Any]:
        """Return the settings that change the figures."""
        names = ("start", "levels", "repetitions", "greedy", "max_steps", "env", "seed")
        probed = ("probe", "probe_steps") if self.probe else ()
        return {name: getattr(self, name) for name in (*names, *probed)}

    @property
    def seeds(self) -> list[int]:
        """Return the level of every episode, the repetitions of a level beside each other."""
        return [self.start + i for i in range(self.levels) for _ in range(self.repetitions)]
