"""Write the step of a trained policy as a program that runs where memorl is not installed.

    python export.py run=runs/mortar_mayhem/gru/ppo/2026-01-01_12-00-00-s0
    python export.py run=<run folder> format=pt2 best=true greedy=true file=policy.pt2

An .onnx file runs in onnxruntime, a .pt2 file in torch. Before the file is written its program runs beside the policy.
"""

from pathlib import Path

import hydra
from omegaconf import DictConfig

from memorl.agents.experiment import (
    CONFIGS,
    ExportSettings,
    exit_on_error,
    export_policy,
    find_checkpoint,
    launch,
    load_policy,
    make_console,
    print_line,
    run_folder,
    to_plain,
)


@hydra.main(config_path=CONFIGS, config_name="export", version_base=None)
def main(composed: DictConfig) -> None:
    """Check, write, print."""
    with exit_on_error(ValueError, OSError):
        settings = ExportSettings.from_config(to_plain(composed))
        path = find_checkpoint(str(settings.run), settings.best)
        policy = load_policy(path, device="cpu", trust=settings.trust, greedy=settings.greedy)
        file = Path(settings.file) if settings.file else run_folder(path) / f"policy.{settings.format}"
        exported = export_policy(policy, file, settings.format, settings.action_mask)
        console = make_console()
        for title, kinds in (("goes in", exported.inputs), ("comes out", exported.outputs)):
            for name, kind in kinds.items():
                print_line(console, f"{title:11}{name:20} {kind}")
        difference = f"{exported.difference:.1e} is the largest difference from the policy"
        print_line(console, f"{exported.file} is written; {difference}")


def command() -> None:
    """Run `main` with the arguments of the command line."""
    launch(main)
