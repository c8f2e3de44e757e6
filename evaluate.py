"""Evaluate a checkpoint on held-out levels: the protocol of the Memory Gym paper, 50 levels x 3, sampled actions.

    python evaluate.py checkpoint=runs/mortar_mayhem/gru/ppo/2026-01-01_12-00-00-s0
    python evaluate.py checkpoint=<run folder> best=true levels=200 greedy=true video=true
    python evaluate.py checkpoint=<run folder>/checkpoints/best.pt env.command_count=[5]
    python evaluate.py checkpoint=<run folder> probe=true      # what the memory remembers, into TensorBoard

Prints a table and writes it, with every episode, to <run folder>/evaluation/.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import hydra
import torch
from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from rich.table import Table
from torch.utils.tensorboard import SummaryWriter

from memorl.agents import Stream
from memorl.agents.experiment import (
    build_env,
    build_model,
    checked,
    device_of,
    find_checkpoint,
    fitting,
    launch,
    load_checkpoint,
    one_line,
    play,
    probe,
    record_video,
    summarise,
)


@dataclass(frozen=True)
class Settings:
    """The keys of configs/evaluate.yaml; what they mean is said there."""

    checkpoint: str | None
    best: bool
    start: int
    levels: int
    repetitions: int
    greedy: bool
    max_steps: int
    env: dict[str, Any]
    video: bool
    video_episodes: int
    probe: bool
    probe_steps: int
    seed: int
    device: str
    trust: bool

    def __post_init__(self) -> None:
        if self.checkpoint is None:
            raise ValueError("checkpoint is missing; give a run folder or a checkpoint in one")
        for name in ("levels", "repetitions", "max_steps", "video_episodes", "probe_steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if min(self.start, self.seed) < 0:
            raise ValueError(f"start is {self.start} and seed {self.seed}; both must be at least 0")
        if "levels" in self.env:
            raise ValueError("env.levels cannot be set; start and levels say which are played")


def evaluate(settings: Settings) -> tuple[dict[str, Any], Path]:
    """Play, and return the figures and the file they were written to."""
    path = find_checkpoint(str(settings.checkpoint), prefer="best" if settings.best else "newest")
    device = device_of(settings.device)
    saved = load_checkpoint(path, device, settings.trust)
    torch.manual_seed(settings.seed)
    seeds = [settings.start + i for i in range(settings.levels) for _ in range(settings.repetitions)]
    with fitting(path):
        config = saved["config"]
        config["env"] |= settings.env | ({"levels": None} if "levels" in config["env"] else {})
        stream = _stream(config, len(seeds), device)
        scene = _stream(config, 1, device, render_mode="rgb_array") if settings.video else None
        probed = _stream(config, 1, device) if settings.probe else None
        model = build_model(config, stream.observation_space, stream.actions).to(device)
        model.load_state_dict(saved["model"])
    episodes = play(model, stream, seeds, settings.greedy, settings.max_steps)
    result = {
        "checkpoint": str(path),
        "step": saved["agent"]["steps"],
        "protocol": asdict(settings),
        "metrics": summarise(episodes, settings.repetitions),
        "episodes": [{"level": seed, **episode} for seed, episode in zip(seeds, episodes, strict=True)],
    }
    same = (
        "checkpoint",
        "best",
        "video",
        "video_episodes",
        "probe",
        "probe_steps",
        "device",
        "trust",
    )  # all else makes another outcome
    told = {key: value for key, value in asdict(settings).items() if key not in same}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:8]
    name = f"step-{result['step']:012}-{settings.start}+{settings.levels}x{settings.repetitions}-{digest}"
    folder = path.parent.parent / "evaluation" if path.parent.name == "checkpoints" else path.parent
    folder.mkdir(exist_ok=True)
    if probed:
        with SummaryWriter(str(folder)) as board:
            result["probe"] = probe(model, probed, settings.start, settings.probe_steps, board, result["step"])
    file = folder / f"{name}.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    if scene:
        filmed = range(settings.start, settings.start + settings.video_episodes)
        record_video(model, scene, folder / f"{name}.gif", filmed, settings.greedy, settings.max_steps)
    return result, file


def _stream(config: dict[str, Any], num_envs: int, device: torch.device, **given: Any) -> Stream:
    return Stream(build_env(config, num_envs, **given), device, config["last_action"], config["last_reward"])


@hydra.main(config_path="configs", config_name="evaluate", version_base=None)
def main(config: DictConfig) -> None:
    """Check, play, print."""
    with one_line(ValueError, OSError):
        plain = OmegaConf.to_container(config, resolve=True)
        assert isinstance(plain, dict)
        result, file = evaluate(Settings(**checked("", {str(k): v for k, v in plain.items()}, Settings.__init__)))
    table = Table("figure", "mean", "std", "95 % interval", title=f"{result['checkpoint']}, step {result['step']:,}")
    for name, row in result["metrics"].items():
        table.add_row(name, f"{row['mean']:.3f}", f"{row['std']:.3f}", f"{row['low']:.3f} .. {row['high']:.3f}")
    for name, value in result.get("probe", {}).items():
        table.add_row(name, f"{value:.0f}")
    Console().print(table)
    print(f"{len(result['episodes'])} episodes, written to {file}")


if __name__ == "__main__":
    launch(main)
