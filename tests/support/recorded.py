"""Folders of runs as train.py leaves them, with curves that a test chooses."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

DEFAULTS: dict[str, Any] = {
    "env": {"_target_": "memorl.envs.RepeatPrevious", "k": 4},
    "memory": {"_target_": "memorl.memory.GRU", "hidden_size": 8},
    "agent": {"_target_": "memorl.agents.PPO", "lr": 1e-3, "anneal_steps": 1000},
    "seed": 0,
    "total_steps": 1000,
    "device": "cpu",
}


def record(
    folder: Path, returns: Sequence[float], stride: int = 100, figure: str = "charts/episodic_return", **changed: Any
) -> Path:
    """Write a run whose figure is one of `returns` after each so many steps; dictionaries change parts of its
    configuration."""
    config = {**DEFAULTS, "run_dir": str(folder)}
    for name, value in changed.items():
        is_part = isinstance(value, Mapping) and "_target_" not in value
        config[name] = {**config[name], **value} if is_part else value
    folder.mkdir(parents=True)
    OmegaConf.save(config, folder / "config.yaml")
    with (folder / "metrics.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["step", figure, "losses/entropy"])
        writer.writerows([(i + 1) * stride, value, 0.5] for i, value in enumerate(returns))
    return folder


def evaluated(folder: Path, step: int, mean: float, **protocol: Any) -> None:
    """Write an evaluation of a run as evaluate.py does."""
    played = {"start": 200_000, "levels": 50, "repetitions": 3, "greedy": False, "env": {}, **protocol}
    text = json.dumps({"step": step, "protocol": played, "metrics": {"return": {"mean": mean}}})
    (folder / "evaluation").mkdir(exist_ok=True)
    (folder / "evaluation" / f"step-{step:012}-{len(text)}.json").write_text(text)
