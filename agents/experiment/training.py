"""The training loop: collect, update, log, save; the run is also saved when a signal or an error ends it."""

import time
import traceback
from pathlib import Path

from memorl.agents import NotFiniteError, collect

from .checkpoint import CheckpointError, Checkpoints
from .files import WriteError
from .held_out import evaluate_run
from .interrupt import Interrupt
from .limits import is_out_of_memory
from .logger import Logger
from .report import describe_end, describe_start
from .run import Run


def train_run(run: Run, folder: Path, quiet: bool = False) -> None:
    """Collect and update until the steps are done, or until a signal or an error; then save the run.

    Args:
        run: The run, new or as it goes on.
        folder: Its folder.
        quiet: Print nothing.
    """
    agent = run.agent
    settings = run.settings
    checkpoints = Checkpoints(folder / "checkpoints", settings.keep_checkpoints)
    logger = Logger(folder, settings.total_steps, agent.steps, quiet)
    interrupt = Interrupt()
    save_time = time.monotonic()
    saved_updates = run.updates
    try:
        logger.begin(run.config, describe_start(run, folder))
        while agent.steps < settings.total_steps and not interrupt.stop:
            figures = _update_run(run, logger)
            is_best = run.update_best_score(figures.get("evaluation/return"))
            over = agent.steps >= settings.total_steps or interrupt.stop
            minutes = (time.monotonic() - save_time) / 60
            is_late = settings.checkpoint_minutes is not None and minutes >= settings.checkpoint_minutes
            is_due = run.updates % settings.checkpoint_every == 0 or is_late
            if over or is_due or is_best:
                if settings.evaluate_every is None:
                    is_best = run.update_best_score(run.recent_return)  # part of the state that is saved
                if is_best:
                    logger.write_scalars(agent.steps, {"averages/best_return": run.best_score})
                checkpoints.save(run.state_dict() | {"metrics": logger.metrics.state_dict()}, agent.steps, is_best)
                save_time = time.monotonic()
                saved_updates = run.updates
        if interrupt.stop:
            logger.print(f"interrupted and saved; {run.describe_way_on(folder)}")
        logger.end(describe_end(run, folder, checkpoints.newest), agent.steps >= settings.total_steps)
    except NotFiniteError as error:
        raise NotFiniteError(f"stopped, {error}; {checkpoints.describe_newest()}") from error
    except CheckpointError:
        raise
    except WriteError as error:
        raise CheckpointError(f"{error}; {checkpoints.describe_newest()}") from error
    except BaseException as error:  # an environment may call sys.exit, or raise what the user would by Ctrl-C
        if interrupt.stop and isinstance(error, KeyboardInterrupt):
            raise
        if is_out_of_memory(error):
            traceback.clear_frames(error.__traceback__)  # what did not fit is let go, or there is no memory to save
        if run.updates > saved_updates:  # the environments are somewhere inside a rollout, and are not saved
            is_best = settings.evaluate_every is None and run.update_best_score(run.recent_return)
            saved = run.state_dict(with_env=False) | {"metrics": logger.metrics.state_dict()}
            checkpoints.save(saved, agent.steps, is_best)
        if run.updates:
            logger.print(f"stopped by an error; {run.describe_way_on(folder)}")
        raise
    finally:
        logger.close()
        interrupt.release()


def _update_run(run: Run, logger: Logger) -> dict[str, float]:
    """Collect a rollout, learn from it, evaluate if that is due, and log and return the figures."""
    agent = run.agent
    settings = run.settings
    start = time.perf_counter()
    rollout = collect(run.stream, run.model, run.state, settings.rollout_steps, settings.sequence_length)
    figures = run.pop_episode_stats()
    logger.write_scalars(agent.steps + rollout.steps, figures)
    losses = agent.update(rollout)
    run.state = rollout.state
    run.updates += 1
    sps = rollout.steps / (time.perf_counter() - start)
    del rollout  # before the next one is allocated
    logger.write_scalars(agent.steps, {**losses, "charts/SPS": sps})
    if run.recent_return is not None:
        logger.write_scalars(agent.steps, {"averages/last_return": run.recent_return})
    figures |= losses
    try:
        if run.evaluation_is_due:
            evaluation = evaluate_run(run)
            logger.write_scalars(agent.steps, evaluation)
            figures |= evaluation
    finally:
        logger.write_row(agent.steps, figures)
    logger.show_progress(agent.steps, sps, figures)
    return figures
