"""A run: the objects of a configuration, and the state that must be saved to continue bit for bit."""

import copy
import shlex
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from memorl.agents.episodes import mean_figures, mean_of
from memorl.agents.saved import require_like
from memorl.memory import State

from .assemble import build_agent, build_model, build_stream, find_device
from .checkpoint import Checkpoints, load_model
from .command_names import name_command
from .content import MAX_RECENT_EPISODES
from .limits import memory_errors, require_memory
from .settings import RunSettings
from .trust import trust_argument


class Run:
    """The stream, model and agent of a configuration, and their progress.

    Args:
        config: A composed configuration, as plain containers. The attribute of this name also has the arguments that
            are not in it.

    Raises:
        ValueError: If something in it cannot be built.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = copy.deepcopy(config)
        self.settings = RunSettings.from_config(config)
        with memory_errors(self.config):
            self._build()

    def _build(self) -> None:
        self.stream = build_stream(self.config, self.settings.num_envs, find_device(self.settings.device))
        self.model = build_model(self.config, self.stream)
        self.agent = build_agent(self.config, self.model, self.settings.sequences)
        self.agent.require_sequences(self.settings.sequences)
        self.updates = 0
        self.recent_returns: deque[float] = deque(maxlen=MAX_RECENT_EPISODES)
        self.best_score = float("-inf")
        self.best_step: int | None = None
        self.state: State = {}
        self._reset(self.settings.seed)
        self._require_memory()

    def pop_episode_stats(self) -> dict[str, float]:
        """Return the means over the episodes that ended since the last call; nothing where none did."""
        episodes = self.stream.episodes.pop()
        self.recent_returns.extend(episode["return"] for episode in episodes)
        tags = {"return": "charts/episodic_return", "length": "charts/episodic_length"}
        return {tags.get(name, f"episode/{name}"): mean for name, mean in mean_figures(episodes).items()}

    @property
    def recent_return(self) -> float | None:
        """Return the mean return of the recent episodes; None where there are none."""
        return mean_of(self.recent_returns) if self.recent_returns else None

    @property
    def evaluation_is_due(self) -> bool:
        """Return whether the update that was the last one is followed by an evaluation."""
        every = self.settings.evaluate_every
        return every is not None and self.updates % every == 0

    def update_best_score(self, score: float | None) -> bool:
        """Return True if a score, where there is one, is the best so far, and remember it."""
        if score is None or not score > self.best_score:
            return False
        self.best_score = score
        self.best_step = self.agent.steps
        return True

    def describe_resume(self, folder: Path) -> str:
        """Return the command that goes on with this run."""
        return f"{name_command('train')} resume={shlex.quote(str(folder))}{trust_argument(self.config)}"

    def describe_way_on(self, folder: Path) -> str:
        """Return a clause with the command that goes on with this run, if it has a checkpoint."""
        is_saved = Checkpoints(folder / "checkpoints").newest is not None
        return f"go on with: {self.describe_resume(folder)}" if is_saved else "there is no checkpoint yet to go on from"

    def state_dict(self, with_env: bool = True) -> dict[str, Any]:
        """Return all that the run depends on, in tensors and plain containers; see `content.Content`.

        Args:
            with_env: False leaves the environments out, so that new episodes begin when the run goes on.
        """
        return {
            "config": self.config,
            "spaces": self.stream.interface.plain_spaces,
            "model": self.model.state_dict(),
            "agent": self.agent.state_dict(),
            "stream": self.stream.state_dict(with_env),
            "state": self.state,
            "rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "recent_returns": list(self.recent_returns),
            "best_score": self.best_score,
            "best_step": self.best_step,
            "updates": self.updates,
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> bool:
        """Continue from a `state_dict`; return False where the environment was not saved and begins new episodes.

        Raises:
            ValueError: If it is the state of another configuration.
        """
        self.agent.load_state_dict(saved["agent"])
        load_model(self.model, saved["model"])
        self.recent_returns.extend(saved["recent_returns"])
        self.best_score = saved["best_score"]
        self.best_step = saved["best_step"]
        self.updates = saved["updates"]
        env_was_saved = saved["stream"]["env"] is not None
        if env_was_saved:
            self.model.memory.require_state(saved["state"], self.settings.num_envs)
            require_like("state", saved["state"], self.state)
            if any(value.isnan().any() for value in saved["state"].values()):
                raise ValueError("state has numbers that are not a number")
            self.stream.load_state_dict(saved["stream"])
            self.state = {name: value.to(self.stream.device) for name, value in saved["state"].items()}
        else:
            self._reset(self.settings.seed + self.agent.steps)
        torch.set_rng_state(saved["rng"].cpu())
        if saved["cuda_rng"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all([state.cpu() for state in saved["cuda_rng"]])
        return env_was_saved

    def _require_memory(self) -> None:
        """Raise ValueError if a rollout, with the states that its sequences begin with, cannot fit into memory."""
        settings = self.settings
        rows = sum(entry.nbytes for entry in self.stream.current_step.obs.values()) * (settings.rollout_steps + 1)
        state = sum(value.nbytes for value in self.state.values()) // settings.num_envs
        size = rows + settings.sequences * state
        what = f"a rollout of num_envs={settings.num_envs} and rollout_steps={settings.rollout_steps}"
        require_memory(what, size, self.stream.device)

    def _reset(self, seed: int) -> None:
        """Begin an episode in every environment, each with a seed unrelated to the seeds of another run."""
        N = self.settings.num_envs
        self.stream.reset([int(s) for s in np.random.SeedSequence(seed).generate_state(N)])
        self.state = self.model.memory.initial_state(N)
