"""Diagnostic tasks: each pays for memory, for as long as it says, and for nothing else."""

from .copy import Copy
from .delayed_cue import DelayedCue
from .delayed_match_to_sample import DelayedMatchToSample
from .n_parity import NParity
from .repeat_first import RepeatFirst
from .repeat_previous import RepeatPrevious

__all__ = ["Copy", "DelayedCue", "DelayedMatchToSample", "NParity", "RepeatFirst", "RepeatPrevious"]
