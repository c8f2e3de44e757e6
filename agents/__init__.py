"""Actor-critic agents over any memory and any vector environment."""

from .a2c import A2C
from .actions import Actions
from .agent import Agent
from .encoders import Encoder
from .model import ActorCritic, Output
from .ppo import PPO
from .returns import gae, vtrace
from .rollout import Batch, Rollout, collect
from .stream import Step, Stream

__all__ = [
    "A2C",
    "PPO",
    "Actions",
    "ActorCritic",
    "Agent",
    "Batch",
    "Encoder",
    "Output",
    "Rollout",
    "Step",
    "Stream",
    "collect",
    "gae",
    "vtrace",
]
