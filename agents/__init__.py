"""Actor-critic agents over any memory and any vector environment."""

from .actions import Actions
from .encoders import Encoder
from .model import ActorCritic, Output
from .ppo import PPO
from .returns import gae
from .rollout import Batch, Rollout, collect
from .stream import Step, Stream

__all__ = ["PPO", "Actions", "ActorCritic", "Batch", "Encoder", "Output", "Rollout", "Step", "Stream", "collect", "gae"]
