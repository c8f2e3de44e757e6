"""Actor-critic agents over any memory and any vector environment.

from memorl.agents import load_policy, train
run = train(env="repeat_previous", memory="gru", total_steps=400_000)
policy = load_policy(run.folder)
action = policy.act(observation)
"""

import importlib
from typing import Any

from .a2c import A2C
from .actions import Actions
from .agent import Agent, LinearSchedule, NotFiniteError
from .collect import collect
from .encoders import Encoder
from .episodes import Episode
from .heads import ActionDistribution
from .interface import Interface
from .model import ActorCritic, Output
from .observations import InvalidStep, Observation, as_dict_space
from .policy import Policy
from .ppo import PPO
from .returns import gae, vtrace
from .rollout import Batch, Rollout
from .spaces import space_from_plain, space_to_plain
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
    "Interface",
    "InvalidStep",
    "LinearSchedule",
    "NotFiniteError",
    "Observation",
    "Output",
    "Policy",
    "Rollout",
    "Step",
    "Stream",
    "as_dict_space",
    "collect",
    "gae",
    "space_from_plain",
    "space_to_plain",
    "vtrace",
]

ELSEWHERE = {
    "TrainedRun": "memorl.agents.experiment",
    "compare": "memorl.agents.comparison",
    "export_policy": "memorl.agents.experiment",
    "load_policy": "memorl.agents.experiment",
    "pull_policy": "memorl.agents.experiment",
    "push_policy": "memorl.agents.experiment",
    "save_policy": "memorl.agents.experiment",
    "train": "memorl.agents.experiment",
}
"""Names that are imported at their first use, since their modules need more than torch and Gymnasium."""


def __getattr__(name: str) -> Any:
    if name in ELSEWHERE:
        return getattr(importlib.import_module(ELSEWHERE[name]), name)
    raise AttributeError(f"module 'memorl.agents' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *ELSEWHERE])
