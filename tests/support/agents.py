"""Environments, models and agents in small sizes."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv

from memorl.agents import PPO, ActorCritic, Agent, Encoder, Stream, collect
from memorl.envs import RepeatPrevious
from tests.support.memories import make_memory


class Counter(gymnasium.Env[Any, Any]):
    """Shows the step; pays it; ends for good after `length` steps, or by a time limit where `limit` is set."""

    observation_space = spaces.Box(-1, 100, (1,), np.float32)

    def __init__(self, length: int, limit: bool, action_space: spaces.Space) -> None:
        self.length = length
        self.limit = limit
        self.action_space = action_space

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.t = 0
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action)
        self.t += 1
        over = self.t == self.length
        info = {"success": float(self.t), "reward": 1.0, "note": "text", "place": np.ones(2)} if over else {}
        return np.full(1, self.t, np.float32), float(self.t), over and not self.limit, over and self.limit, info


def counters(space: spaces.Space | None = None) -> SyncVectorEnv:
    """Two environments: one of three steps that ends for good, one of two steps that ends by a time limit."""
    space = space or spaces.Discrete(2)
    return SyncVectorEnv([lambda: Counter(3, False, space), lambda: Counter(2, True, space)])


def make_model(stream: Stream, memory: str = "gru", body_size: int = 0, **arguments: Any) -> ActorCritic:
    encoder = Encoder(stream.observation_space, 12, 8)
    return ActorCritic(encoder, make_memory(memory, 12), stream.actions, body_size, 16, **arguments)


def small_agent(**arguments: Any) -> tuple[PPO, Stream]:
    stream = Stream(RepeatPrevious(num_envs=4, k=1, length=5))
    stream.reset(0)
    return PPO(make_model(stream), **({"minibatches": 2, "epochs": 3} | arguments)), stream


def learning(agent: Agent, stream: Stream, updates: int, rows: int = 64, last: int = 1) -> float:
    """The mean return over the episodes of the last updates."""
    stream.reset(0)
    state = agent.model.memory.initial_state(stream.env.num_envs)
    for update in range(updates):
        if update <= updates - last:
            stream.episodes.pop()
        rollout = collect(stream, agent.model, state, rows)
        state = rollout.state
        agent.update(rollout)
    return float(np.mean([e["return"] for e in stream.episodes.pop()]))
