"""Train an agent, and watch it with `tensorboard --logdir runs`.

python train.py env=mortar_mayhem memory=gru
python train.py env=repeat_previous memory=lstm memory.hidden_size=64 agent.lr=1e-3 total_steps=1e6
python train.py experiment=paper_mortar_mayhem_grid_gru
python train.py -m memory=gru,lstm,none seed=0,1,2
python train.py resume=runs/mortar_mayhem/gru/ppo/2026-01-01_12-00-00-s0
"""

import time
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from memorl.agents import collect
from memorl.agents.experiment import (
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
    prepare_process,
    to_plain,
)

CONFIGS = Path(__file__).parent / "configs"
RESUMABLE = ("resume", "total_steps", "device", "threads", "trust")


def train(run: Run, folder: Path) -> None:
    """Collect and update until the steps are done, or until interrupted."""
    agent = run.agent
    settings = run.settings
    checkpoints = Checkpoints(folder / "checkpoints", settings.keep_checkpoints)
    logger = Logger(folder, settings.total_steps, agent.steps)
    interrupt = Interrupt()
    logger.print(f"writing to {folder}")
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
            if over or run.updates % settings.checkpoint_every == 0:
                is_best = run.update_best_score()  # part of the state that is saved
                checkpoints.save(run.state_dict(), agent.steps, is_best)
    except FloatingPointError as error:
        kept = (
            f"the last good checkpoint is {checkpoints.newest}" if checkpoints.newest else "no checkpoint was due yet"
        )
        raise FloatingPointError(f"stopped, {error}; {kept}") from error
    finally:
        logger.close()
        interrupt.release()
    if interrupt.stop:
        print(f"interrupted and saved; go on with: python train.py resume={folder}")


def start(config: dict[str, Any]) -> tuple[Run, Path]:
    """Return a new run and its new folder; nothing is written before everything is built."""
    settings = RunSettings.from_config(config)
    folder = Path(settings.run_dir)
    if folder.exists():
        raise ValueError(f"run_dir is {folder}, which exists; a run is never overwritten")
    prepare_process(settings.seed, settings.threads)
    run = Run(config)
    try:
        folder.mkdir(parents=True)
        OmegaConf.save(OmegaConf.create(config), folder / "config.yaml")
    except OSError as error:
        raise ValueError(f"run_dir is {folder}; it cannot be created: {error}") from error
    return run, folder


def resume(config: dict[str, Any], overrides: list[str]) -> tuple[Run, Path]:
    """Return a run that continues from its newest checkpoint, and its folder."""
    changed = {override.lstrip("+").partition("=")[0] for override in overrides}
    if fixed := sorted(changed - set(RESUMABLE)):
        raise ValueError(f"resume goes on with the run's own settings: {fixed[0]} cannot be changed")
    folder = Path(config["resume"])
    path = find_checkpoint(config["resume"])
    if path == folder:
        raise ValueError(f"resume is {folder}, a file; it must be a run folder")
    saved = load_checkpoint(path, trust=config["trust"])
    merged = saved["config"] | {key: config[key] for key in RESUMABLE if key in changed}
    settings = RunSettings.from_config(merged)
    prepare_process(settings.seed, settings.threads)
    run = Run(merged)
    with checkpoint_errors(path):
        if not run.load_state_dict(saved):
            print("the environment cannot be saved: its episodes begin anew")
    if run.agent.steps >= settings.total_steps:
        raise ValueError(f"{folder} is finished: total_steps is {settings.total_steps}; a larger one goes on")
    return run, folder


@hydra.main(config_path="configs", config_name="train", version_base=None)
def main(composed: DictConfig) -> None:
    """Compose, build, train."""
    prepared = None
    with exit_on_error(ValueError):
        config = to_plain(composed)
        settings = RunSettings.from_config(config)
        prepared = resume(config, list(HydraConfig.get().overrides.task)) if settings.resume else start(config)
    if prepared is None:
        return
    with exit_on_error(FloatingPointError):
        try:
            train(*prepared)
        except KeyboardInterrupt:
            raise SystemExit(f"stopped at once; go on with: python train.py resume={prepared[1]}") from None


if __name__ == "__main__":
    launch(main, CONFIGS)
