"""Train an agent, and watch it with `tensorboard --logdir runs`.

python train.py env=mortar_mayhem memory=gru
python train.py env=repeat_previous memory=lstm memory.hidden_size=64 agent.lr=1e-3 total_steps=1e6
python train.py experiment=paper_mortar_mayhem_grid_gru
python train.py -m memory=gru,lstm,none seed=0,1,2
python train.py resume=runs/mortar_mayhem/gru/ppo/2026-01-01_12-00-00-s0
"""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from memorl.agents import InvalidStep, NotFiniteError, collect
from memorl.agents.experiment import (
    CheckpointError,
    Checkpoints,
    Interrupt,
    Logger,
    Run,
    RunSettings,
    checkpoint_errors,
    exit_on_error,
    find_checkpoint,
    launch,
    load_checkpoint,
    lock_folder,
    make_folder,
    prepare_process,
    to_plain,
    write_file,
)

CONFIGS = Path(__file__).parent / "configs"
RESUMABLE = (
    "resume",
    "resume_from",
    "total_steps",
    "device",
    "threads",
    "trust",
    "checkpoint_every",
    "checkpoint_minutes",
)


def train(run: Run, folder: Path) -> None:
    """Collect and update until the steps are done, or until a signal or an error; what was learned is saved."""
    agent = run.agent
    settings = run.settings
    checkpoints = Checkpoints(folder / "checkpoints", settings.keep_checkpoints)
    logger = Logger(folder, settings.total_steps, agent.steps)
    interrupt = Interrupt()
    logger.print(f"writing to {folder}")
    save_time = time.monotonic()
    saved_updates = run.updates
    try:
        while agent.steps < settings.total_steps and not interrupt.stop:
            start = time.perf_counter()
            rollout = collect(run.stream, run.model, run.state, settings.rollout_steps, settings.sequence_length)
            episodes = run.pop_episode_stats()
            logger.write_scalars(agent.steps + rollout.steps, episodes)
            losses = agent.update(rollout)
            run.state = rollout.state
            run.updates += 1
            sps = rollout.steps / (time.perf_counter() - start)
            del rollout  # before the next one is allocated
            logger.write_scalars(agent.steps, {**losses, "charts/SPS": sps})
            logger.write_row(agent.steps, {**episodes, **losses})
            logger.show_progress(agent.steps, sps, episodes)
            over = agent.steps >= settings.total_steps or interrupt.stop
            minutes = (time.monotonic() - save_time) / 60
            if over or run.updates % settings.checkpoint_every == 0 or minutes >= settings.checkpoint_minutes:
                is_best = run.update_best_score()  # part of the state that is saved
                checkpoints.save(run.state_dict(), agent.steps, is_best)
                save_time = time.monotonic()
                saved_updates = run.updates
    except NotFiniteError as error:
        raise NotFiniteError(f"stopped, {error}; {checkpoints.describe_newest()}") from error
    except CheckpointError:
        raise
    except Exception:
        if run.updates > saved_updates:  # the environments are somewhere inside a rollout, and are not saved
            checkpoints.save(run.state_dict(with_env=False), agent.steps, run.update_best_score())
        if run.updates:
            logger.print(f"stopped by an error; go on with: python train.py resume={folder}")
        raise
    finally:
        logger.close()
        interrupt.release()
    if interrupt.stop:
        logger.print(f"interrupted and saved; go on with: python train.py resume={folder}")


def start(config: dict[str, Any], is_named: bool) -> tuple[Run, Path]:
    """Return a new run and its new folder; nothing is written before everything is built.

    Args:
        config: The composed configuration.
        is_named: Whether the user named the folder; else a number is added where another run has it already.
    """
    settings = RunSettings.from_config(config)
    folder = Path(settings.run_dir)
    if is_named and folder.exists():
        raise ValueError(f"run_dir is {folder}, which exists; a run is never overwritten")
    prepare_process(settings.seed, settings.threads)
    run = Run(config)
    try:
        folder = make_folder(folder, is_named)
        text = OmegaConf.to_yaml(OmegaConf.create(run.config))
        write_file(folder / "config.yaml", lambda file: file.write(text.encode()))
    except OSError as error:
        raise ValueError(f"run_dir is {folder}; it cannot be created: {error}") from error
    return run, folder


def resume(config: dict[str, Any], overrides: list[str]) -> tuple[Run, Path]:
    """Return a run that continues from its newest checkpoint, or from `resume_from`, and its folder."""
    changed = {override.lstrip("+").partition("=")[0] for override in overrides}
    if fixed := sorted(changed - set(RESUMABLE)):
        raise ValueError(f"resume goes on with the run's own settings: {fixed[0]} cannot be changed")
    folder = Path(config["resume"])
    path = find_checkpoint(config["resume"])
    if path == folder:
        raise ValueError(f"resume is {folder}, a file; it must be a run folder")
    checkpoints = Checkpoints(folder / "checkpoints")
    if config["resume_from"]:
        path = checkpoints.find(config["resume_from"])
    try:
        saved = load_checkpoint(path, trust=config["trust"])
    except ValueError as error:
        raise ValueError(f"{error}{checkpoints.describe_older(path)}") from error
    merged = saved["config"] | {key: config[key] for key in RESUMABLE if key in changed}
    settings = RunSettings.from_config(merged)
    prepare_process(settings.seed, settings.threads)
    run = Run(merged)
    with checkpoint_errors(path):
        if not run.load_state_dict(saved):
            print("the environments were not saved: their episodes begin anew")
    if run.agent.steps >= settings.total_steps:
        raise ValueError(f"{folder} is finished: total_steps is {settings.total_steps}; a larger one goes on")
    for newer in checkpoints.set_aside_newer(run.agent.steps):
        print(f"set aside, since the run goes on from {path.name}: {newer}")
    return run, folder


@hydra.main(config_path="configs", config_name="train", version_base=None)
def main(composed: DictConfig) -> None:
    """Compose, build, train."""
    overrides = list(HydraConfig.get().overrides.task)
    prepared = None
    with ExitStack() as stack:
        with exit_on_error(ValueError):
            config = to_plain(composed)
            settings = RunSettings.from_config(config)
            if settings.resume:
                if Path(settings.resume).is_dir():
                    stack.enter_context(lock_folder(Path(settings.resume)))
                prepared = resume(config, overrides)
            else:
                is_named = any(override.lstrip("+").startswith("run_dir=") for override in overrides)
                prepared = start(config, is_named)
                stack.enter_context(lock_folder(prepared[1]))
        if prepared is None:
            return
        with exit_on_error(NotFiniteError, InvalidStep, CheckpointError):
            try:
                train(*prepared)
            except KeyboardInterrupt:
                raise SystemExit(f"stopped at once; go on with: python train.py resume={prepared[1]}") from None


if __name__ == "__main__":
    launch(main, CONFIGS)
