"""Runs of train.py inside a benchmark's own process."""

from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from memorl.agents import collect
from memorl.agents.experiment import Run, RunSettings, keep_freed_memory, prepare_process


def build(overrides: list[str]) -> Run:
    """Return the run of a configuration."""
    with initialize_config_module("memorl.configs", version_base=None):
        forced = [f"++{o}" if "." in o.partition("=")[0] else o for o in overrides]
        config = OmegaConf.to_container(compose("train", forced), resolve=True)
    assert isinstance(config, dict)
    plain = {str(key): value for key, value in config.items()}
    settings = RunSettings.from_config(plain)
    prepare_process(settings.seed, settings.threads)
    keep_freed_memory()
    return Run(plain)


def update(run: Run) -> int:
    """Collect a rollout, learn from it, and return its steps."""
    rollout = collect(run.stream, run.model, run.state, run.settings.rollout_steps, run.settings.sequence_length)
    run.agent.update(rollout)
    run.state = rollout.state
    return rollout.steps
