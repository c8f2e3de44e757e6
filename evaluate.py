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
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table
from torch.utils.tensorboard import SummaryWriter

from memorl.agents import ActorCritic, Stream
from memorl.agents.experiment import (
    EvaluationSettings,
    build_model,
    build_stream,
    checkpoint_errors,
    exit_on_error,
    find_checkpoint,
    find_device,
    launch,
    load_checkpoint,
    load_model,
    prepare_process,
    probe_memory,
    record_video,
    run_episodes,
    summarise,
    to_plain,
)


@dataclass
class Evaluation:
    """A checkpoint and the environments that it is evaluated in."""

    settings: EvaluationSettings
    path: Path
    step: int
    model: ActorCritic
    stream: Stream
    video_stream: Stream | None
    probe_stream: Stream | None


def prepare(settings: EvaluationSettings) -> Evaluation:
    """Load the checkpoint and build its model and environments."""
    path = find_checkpoint(str(settings.checkpoint), settings.best)
    device = find_device(settings.device)
    saved = load_checkpoint(path, device, settings.trust)
    prepare_process(settings.seed)
    config = saved["config"]
    levels = {"levels": None} if "levels" in config["env"] else {}
    config["env"] = config["env"] | settings.env | levels
    stream = build_stream(config, len(settings.seeds), device)
    video_stream = build_stream(config, 1, device, render_mode="rgb_array") if settings.video else None
    probe_stream = build_stream(config, 1, device) if settings.probe else None
    model = build_model(config, stream)
    with checkpoint_errors(path):
        load_model(model, saved["model"])
    return Evaluation(settings, path, saved["agent"]["steps"], model, stream, video_stream, probe_stream)


def evaluate(evaluation: Evaluation) -> tuple[dict[str, Any], Path]:
    """Run the episodes; return the figures and the file they were written to."""
    settings = evaluation.settings
    model = evaluation.model
    episodes = run_episodes(model, evaluation.stream, settings.seeds, settings.greedy, settings.max_steps)
    result = {
        "checkpoint": str(evaluation.path),
        "step": evaluation.step,
        "protocol": asdict(settings),
        "metrics": summarise(episodes, settings.repetitions),
        "episodes": [{"level": seed, **episode} for seed, episode in zip(settings.seeds, episodes, strict=True)],
    }
    file = result_file(evaluation)
    file.parent.mkdir(exist_ok=True)
    if evaluation.probe_stream:
        stream = evaluation.probe_stream
        with SummaryWriter(str(file.parent)) as board:
            result["probe"] = probe_memory(model, stream, settings.start, settings.probe_steps, board, evaluation.step)
    file.write_text(json.dumps(result, indent=1) + "\n")
    if evaluation.video_stream:
        seeds = range(settings.start, settings.start + settings.video_episodes)
        video = file.with_suffix(".gif")
        record_video(model, evaluation.video_stream, video, seeds, settings.greedy, settings.max_steps)
    return result, file


def result_file(evaluation: Evaluation) -> Path:
    """Return the file of the figures; its name tells the step and the protocol."""
    settings = evaluation.settings
    digest = hashlib.sha256(json.dumps(settings.protocol, sort_keys=True).encode()).hexdigest()[:8]
    levels = f"{settings.start}+{settings.levels}x{settings.repetitions}"
    folder = evaluation.path.parent
    folder = folder.parent / "evaluation" if folder.name == "checkpoints" else folder
    return folder / f"step-{evaluation.step:012}-{levels}-{digest}.json"


def print_table(result: dict[str, Any]) -> None:
    """Print the figures."""
    table = Table(
        "figure", "mean", "std", "95 % interval", "episodes", title=f"{result['checkpoint']}, step {result['step']:,}"
    )
    for name, row in result["metrics"].items():
        interval = f"{row['low']:.3f} .. {row['high']:.3f}"
        table.add_row(name, f"{row['mean']:.3f}", f"{row['std']:.3f}", interval, f"{row['episodes']:.0f}")
    for name, value in result.get("probe", {}).items():
        table.add_row(name, f"{value:.0f}")
    Console().print(table)


@hydra.main(config_path="configs", config_name="evaluate", version_base=None)
def main(composed: DictConfig) -> None:
    """Check, run the episodes, print."""
    evaluation = None
    with exit_on_error(ValueError):
        evaluation = prepare(EvaluationSettings.from_config(to_plain(composed)))
    if evaluation is None:
        return
    result, file = evaluate(evaluation)
    print_table(result)
    print(f"{len(result['episodes'])} episodes, written to {file}")


if __name__ == "__main__":
    launch(main)
