"""Train an agent, and watch it with `tensorboard --logdir runs`.

python train.py env=mortar_mayhem memory=gru
python train.py env=repeat_previous memory=lstm memory.hidden_size=64 agent.lr=1e-3 total_steps=1e6
python train.py experiment=paper_mortar_mayhem_grid_gru
python train.py -m memory=gru,lstm,none seed=0,1,2
python train.py resume=runs/mortar_mayhem/gru/ppo/2026-01-01_12-00-00-s0
"""

from contextlib import ExitStack

import hydra
from omegaconf import DictConfig

from memorl.agents import InvalidStep, NotFiniteError
from memorl.agents.experiment import (
    CONFIGS,
    CheckpointError,
    announce_compilation,
    changed_settings,
    exit_on_error,
    launch,
    open_run,
    to_plain,
    train_run,
)
from memorl.envs import InvalidReturn


@hydra.main(config_path=CONFIGS, config_name="train", version_base=None)
def main(composed: DictConfig) -> None:
    """Compose, build, train."""
    prepared = None
    with ExitStack() as stack:
        stack.enter_context(announce_compilation())
        with exit_on_error(ValueError, OSError):
            prepared = stack.enter_context(open_run(to_plain(composed), changed_settings()))
        if prepared is None:
            return
        try:
            with exit_on_error(NotFiniteError, InvalidStep, InvalidReturn, CheckpointError):
                train_run(*prepared)
        except KeyboardInterrupt:
            raise SystemExit(f"stopped at once; {prepared[0].describe_way_on(prepared[1])}") from None


def command() -> None:
    """Run `main` with the arguments of the command line."""
    launch(main, has_parts=True)
