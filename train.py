"""Train an agent, and watch it with `tensorboard --logdir runs`.

python train.py env=mortar_mayhem memory=gru
python train.py env=repeat_previous memory=lstm memory.hidden_size=64 agent.lr=1e-3 total_steps=1e6
python train.py experiment=paper_mortar_mayhem_grid_gru
python train.py -m memory=gru,lstm,none seed=0,1,2
python train.py resume=runs/mortar_mayhem/gru/ppo/2026-01-01_12-00-00-s0
"""

import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from memorl.agents import collect
from memorl.agents.experiment import (
    Checkpoints,
    Logger,
    Run,
    Settings,
    find_checkpoint,
    fitting,
    launch,
    load_checkpoint,
    one_line,
)

CONFIGS = Path(__file__).parent / "configs"
RESUMABLE = ("resume", "total_steps", "device", "threads", "trust")


def train(run: Run, folder: Path) -> None:
    """Collect and update until the steps are done, or until interrupted."""
    settings, agent = run.settings, run.agent
    checkpoints = Checkpoints(folder / "checkpoints", settings.keep_checkpoints)
    logger, interrupt = Logger(folder, settings.total_steps, agent.steps), Interrupt()
    logger.say(f"writing to {folder}")
    try:
        while agent.steps < settings.total_steps and not interrupt.asked:
            began = time.perf_counter()
            rollout = collect(run.stream, run.model, run.state, settings.rollout_steps, settings.sequence_length)
            charts = run.episodes()
            logger.scalars(agent.steps + rollout.steps, charts)
            stats = agent.update(rollout)
            run.state, run.updates = rollout.state, run.updates + 1
            sps = rollout.steps / (time.perf_counter() - began)
            del rollout  # its rows make room for those of the next one
            logger.scalars(agent.steps, {**stats, "charts/SPS": sps})
            logger.row(agent.steps, {**charts, **stats})
            logger.line(agent.steps, sps, charts)
            over = agent.steps >= settings.total_steps or interrupt.asked
            if over or run.updates % settings.checkpoint_every == 0:
                better, run.best = run.score > run.best, max(run.score, run.best)
                checkpoints.save(run.state_dict(), agent.steps, better)
    except FloatingPointError as error:
        kept = (
            f"the last good checkpoint is {checkpoints.newest}" if checkpoints.newest else "no checkpoint was due yet"
        )
        raise FloatingPointError(f"stopped, {error}; {kept}") from error
    finally:
        logger.close()
        interrupt.release()
    if interrupt.asked:
        print(f"interrupted and saved; go on with: python train.py resume={folder}")


class Interrupt:
    """Ctrl-C asks for a clean end; the second one ends at once."""

    def __init__(self) -> None:
        self.asked = False
        self.before = signal.signal(signal.SIGINT, self._ask)

    def release(self) -> None:
        """Give Ctrl-C back its meaning."""
        signal.signal(signal.SIGINT, self.before)

    def _ask(self, signum: int, frame: FrameType | None) -> None:
        self.asked = True
        self.release()
        print("\nfinishing this update, then saving; Ctrl-C again stops at once", file=sys.stderr)


def prepare(composed: dict[str, Any], overrides: list[str]) -> tuple[Run, Path]:
    """A new run and its new folder, or one that goes on; nothing is written before everything is built."""
    settings = Settings.of(composed)
    if settings.resume is None:
        folder = Path(settings.run_dir)
        if folder.exists():
            raise ValueError(f"run_dir is {folder}, which exists; a run is never overwritten")
        run = Run(composed, settings)
        folder.mkdir(parents=True)
        OmegaConf.save(OmegaConf.create(composed), folder / "config.yaml")
        return run, folder
    changed = {text.lstrip("+").partition("=")[0] for text in overrides}
    if alien := sorted(changed - set(RESUMABLE)):
        raise ValueError(f"resume goes on with the run's own settings: {alien[0]} cannot be changed")
    folder, path = Path(settings.resume), find_checkpoint(settings.resume)
    if path == folder:
        raise ValueError(f"resume is {folder}, a file; it must be a run folder")
    saved = load_checkpoint(path, trust=settings.trust)
    with fitting(path):
        config = saved["config"] | {key: composed[key] for key in RESUMABLE if key in changed}
        run = Run(config, Settings.of(config))
        if not run.load_state_dict(saved):
            print("the environment cannot be saved: its episodes begin anew")
    if run.agent.steps >= run.settings.total_steps:
        raise ValueError(f"{folder} is finished: total_steps is {run.settings.total_steps}; a larger one goes on")
    return run, folder


@hydra.main(config_path="configs", config_name="train", version_base=None)
def main(config: DictConfig) -> None:
    """Compose, build, train."""
    prepared = None
    with one_line(ValueError, OSError):
        composed = {str(key): value for key, value in OmegaConf.to_container(config, resolve=True).items()}  # type: ignore[union-attr]
        prepared = prepare(composed, list(HydraConfig.get().overrides.task))
    if prepared is None:
        return
    with one_line(FloatingPointError, OSError):
        try:
            train(*prepared)
        except KeyboardInterrupt:
            raise SystemExit(f"stopped at once; go on with: python train.py resume={prepared[1]}") from None


if __name__ == "__main__":
    launch(main, CONFIGS)
