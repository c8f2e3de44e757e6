"""Actor-critic agents over any memory and any vector environment."""

from .a2c import A2C
from .actions import Actions
from .agent import Agent, LinearSchedule, NotFiniteError
from .collect import collect
from .encoders import Encoder
from .episodes import Episode
from .heads import ActionDistribution
from .model import ActorCritic, Output
from .observations import InvalidStep, Observation, as_dict_space
from .ppo import PPO
from .returns import gae, vtrace
from .rollout import Batch, Rollout
from .stream import Step, Stream

__all__ = [
    "A2C",
    "PPO",
    "ActionDistribution",
    "Actions",
    "ActorCritic",
    "Agent",
    "Batch",
    "Encoder",
    "Episode",
    "InvalidStep",
    "LinearSchedule",
    "NotFiniteError",
    "Observation",
    "Output",
    "Rollout",
    "Step",
    "Stream",
    "as_dict_space",
    "collect",
    "gae",
    "vtrace",
]
