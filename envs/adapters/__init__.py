"""Environments of others with the rows of ours, and ours where others expect theirs (`memorl.envs.adapters.sb3`)."""

from .from_gymnasium import FromGymnasium
from .minigrid import MiniGrid
from .next_step import NextStep
from .popgym import POPGym

__all__ = ["FromGymnasium", "MiniGrid", "NextStep", "POPGym"]
