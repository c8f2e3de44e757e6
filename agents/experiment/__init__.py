"""Experiments: settings, runs, checkpoints, logs, evaluation, and the command line of the scripts."""

from .api import TrainedRun, load_policy, train
from .assemble import build_agent, build_memory, build_model, build_stream, find_device
from .board import flatten
from .checkpoint import (
    CheckpointError,
    Checkpoints,
    checkpoint_errors,
    find_checkpoint,
    load_checkpoint,
    load_model,
    run_folder,
)
from .cli import changed_settings, launch, to_plain
from .command_names import CONFIGS, name_command, name_in_usage
from .compiling import announce_compilation
from .console import make_console, print_line, show_progress
from .errors import exit_on_error
from .evaluation import run_episodes, summarise
from .export import Exported, ExportSettings, export_policy
from .files import lock_folder, make_folder, replace_file
from .film import Film, require_film
from .held_out import build_held_out_stream, evaluate_run
from .hub import pull_policy, push_policy, save_policy
from .interrupt import Interrupt
from .logger import Logger
from .probe import probe_memory
from .process import keep_freed_memory, prepare_process
from .recording import build_video_stream, record_video
from .result import print_result, write_result
from .run import Run
from .settings import NOT_LEARNED_FROM, PARTS, EvaluationSettings, RunSettings
from .start import open_run, resume_run, start_run
from .training import train_run

__all__ = [
    "CONFIGS",
    "NOT_LEARNED_FROM",
    "PARTS",
    "CheckpointError",
    "Checkpoints",
    "EvaluationSettings",
    "ExportSettings",
    "Exported",
    "Film",
    "Interrupt",
    "Logger",
    "Run",
    "RunSettings",
    "TrainedRun",
    "announce_compilation",
    "build_agent",
    "build_held_out_stream",
    "build_memory",
    "build_model",
    "build_stream",
    "build_video_stream",
    "changed_settings",
    "checkpoint_errors",
    "evaluate_run",
    "exit_on_error",
    "export_policy",
    "find_checkpoint",
    "find_device",
    "flatten",
    "keep_freed_memory",
    "launch",
    "load_checkpoint",
    "load_model",
    "load_policy",
    "lock_folder",
    "make_console",
    "make_folder",
    "name_command",
    "name_in_usage",
    "open_run",
    "prepare_process",
    "print_line",
    "print_result",
    "probe_memory",
    "pull_policy",
    "push_policy",
    "record_video",
    "replace_file",
    "require_film",
    "resume_run",
    "run_episodes",
    "run_folder",
    "save_policy",
    "show_progress",
    "start_run",
    "summarise",
    "to_plain",
    "train",
    "train_run",
    "write_result",
]
