"""Evaluate a checkpoint on held-out levels: the protocol of the Memory Gym paper, 50 levels x 3, sampled actions.

    python evaluate.py checkpoint=runs/mortar_mayhem/gru/ppo/2026-01-01_12-00-00-s0
    python evaluate.py checkpoint=<run folder> best=true levels=200 greedy=true video=film.mp4
    python evaluate.py checkpoint=<run folder>/checkpoints/best.pt env.command_count=[5]
    python evaluate.py checkpoint=<run folder> probe=true      # what the memory remembers, into TensorBoard

Prints a table and writes it, with every episode, to <run folder>/evaluation/.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import hydra
from omegaconf import DictConfig

from memorl.agents import ActorCritic, InvalidStep, Stream
from memorl.agents.experiment import (
    CONFIGS,
    EvaluationSettings,
    announce_compilation,
    build_held_out_stream,
    build_model,
    build_video_stream,
    checkpoint_errors,
    exit_on_error,
    find_checkpoint,
    find_device,
    launch,
    load_checkpoint,
    load_model,
    make_console,
    prepare_process,
    print_line,
    print_result,
    probe_memory,
    record_video,
    require_film,
    run_episodes,
    show_progress,
    summarise,
    to_plain,
    write_result,
)
from memorl.envs import InvalidReturn


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

    @property
    def file(self) -> Path:
        """Return the file of the figures; its name tells the step and the protocol."""
        settings = self.settings
        digest = hashlib.sha256(json.dumps(settings.protocol, sort_keys=True).encode()).hexdigest()[:8]
        levels = f"{settings.start}+{settings.levels}x{settings.repetitions}"
        folder = self.path.parent
        folder = folder.parent / "evaluation" if folder.name == "checkpoints" else folder
        return folder / f"step-{self.step:012}-{levels}-{digest}.json"

    @property
    def video_file(self) -> Path:
        """Return the file of the video."""
        video = self.settings.video
        return Path(video) if isinstance(video, str) else self.file.with_suffix(".gif")


def prepare(settings: EvaluationSettings) -> Evaluation:
    """Load the checkpoint and build its model and environments."""
    if isinstance(settings.video, str):
        require_film(Path(settings.video))
    path = find_checkpoint(str(settings.checkpoint), settings.best)
    device = find_device(settings.device)
    saved = load_checkpoint(path, device, settings.trust)
    config = saved["config"]
    threads = config["threads"] and min(config["threads"], os.cpu_count() or 1)
    prepare_process(settings.seed, settings.threads or threads)
    num_envs = min(len(settings.seeds), settings.num_envs or config["num_envs"])
    stream = build_held_out_stream(config, num_envs, device, settings.env)
    video_stream = build_video_stream(config, device, settings.start, settings.env) if settings.video else None
    probe_stream = build_held_out_stream(config, 1, device, settings.env) if settings.probe else None
    model = build_model(config, stream)
    with checkpoint_errors(path):
        load_model(model, saved["model"])
    evaluation = Evaluation(settings, path, saved["agent"]["steps"], model, stream, video_stream, probe_stream)
    evaluation.file.parent.mkdir(exist_ok=True)
    return evaluation


def evaluate(evaluation: Evaluation) -> dict[str, Any]:
    """Run the episodes, and write and return the figures."""
    settings = evaluation.settings
    model = evaluation.model
    playing = (settings.seed, settings.greedy, settings.max_steps)
    file = evaluation.file
    with show_progress("episodes", len(settings.seeds)) as advance:
        episodes = run_episodes(model, evaluation.stream, settings.seeds, *playing, on_end=advance)
    result = {
        "checkpoint": str(evaluation.path),
        "step": evaluation.step,
        "protocol": asdict(settings),
        "metrics": summarise(episodes, settings.repetitions),
        "episodes": [{"level": seed, **episode} for seed, episode in zip(settings.seeds, episodes, strict=True)],
    }
    if evaluation.probe_stream:
        probed = (evaluation.probe_stream, settings.start, settings.probe_steps, file.parent, evaluation.step)
        result["probe"] = probe_memory(model, *probed)
    write_result(result, file)
    if evaluation.video_stream:
        levels = range(settings.start, settings.start + settings.video_episodes)
        with show_progress("video", len(levels)) as advance:
            record_video(model, evaluation.video_stream, evaluation.video_file, levels, *playing, advance)
    return result


@hydra.main(config_path=CONFIGS, config_name="evaluate", version_base=None)
def main(composed: DictConfig) -> None:
    """Check, run the episodes, print."""
    evaluation = None
    with announce_compilation():
        with exit_on_error(ValueError, OSError):
            evaluation = prepare(EvaluationSettings.from_config(to_plain(composed)))
        if evaluation is None:
            return
        with exit_on_error(InvalidStep, InvalidReturn, OSError):
            result = evaluate(evaluation)
            console = make_console()
            print_result(console, result)
            print_line(console, f"{len(result['episodes'])} episodes, written to {evaluation.file}")
            if evaluation.video_stream:
                print_line(console, f"the video is {evaluation.video_file}")


def command() -> None:
    """Run `main` with the arguments of the command line."""
    launch(main)
