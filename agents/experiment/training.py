"""The loop of training: collect, update, log, save; and what is saved when a signal or an error ends it."""

import time
from pathlib import Path

from memorl.agents import NotFiniteError, collect

from .checkpoint import CheckpointError, Checkpoints
from .interrupt import Interrupt
from .logger import Logger
from .run import Run


def train_run(run: Run, folder: Path) -> None:
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
