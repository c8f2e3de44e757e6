"""Experiments: configurations, runs, checkpoints, logs, evaluation, and what the scripts share."""

from .checkpoint import Checkpoints, find_checkpoint, fitting, load_checkpoint
from .cli import launch, one_line
from .config import build_env, build_model, checked, device_of
from .evaluation import play, summarise
from .film import record_video
from .logger import Logger
from .probe import probe
from .run import Run, Settings, keep_freed_memory

__all__ = [
    "Checkpoints",
    "Logger",
    "Run",
    "Settings",
    "build_env",
    "build_model",
    "checked",
    "device_of",
    "find_checkpoint",
    "fitting",
    "keep_freed_memory",
    "launch",
    "load_checkpoint",
    "one_line",
    "play",
    "probe",
    "record_video",
    "summarise",
]
