"""Training speed of recurrent-ppo-truncated-bptt on Memory Gym's pixels, in environment steps per second.

    <peer-python> recurrent_ppo_truncated_bptt.py --peer-dir <checkout of MarcoMeter/recurrent-ppo-truncated-bptt>

<peer-python> has torch, Memory Gym 1.0.3 (gymnasium 0.29.*, pygame 2.4.0, numpy < 2) and what the checkout imports:
tensorboard, ruamel.yaml, tblib, reprint, and minigrid 2.3.1 (a later one brings pygame-ce, which overwrites pygame).

Settings are those of the checkout's configs/mortar_mayhem_grid.yaml (GRU of 512, hidden layer of 512, sequences are
whole episodes) but for the sizes given as arguments. The time is that of whole updates (rollout with the advantages,
cutting into padded sequences, epochs of training) after one warm-up update; making the workers, TensorBoard and
checkpoints are outside it. Each environment is a process of its own, started by fork, beside the threads of torch.
Prints one JSON line. `padding` is how many frames a training epoch computes for each one sampled.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Dict, List


def make_trainer(peer_dir: Path, args: argparse.Namespace) -> Any:
    """The checkout's trainer under its own configuration, with our sizes. Leaves the checkout untouched."""
    sys.path[0] = str(peer_dir)  # its modules import each other by bare names; in place of the folder of this file
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"
    import numpy as np
    import torch

    vars(np).setdefault("bool", bool)  # the checkout's buffer uses the name; numpy 1.24 to 1.26 lack it
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    random.seed(args.seed)
    multiprocessing.set_start_method("fork")  # the workers inherit the path and settings made here
    from trainer import PPOTrainer
    from yaml_parser import YamlParser

    config = YamlParser(str(peer_dir / "configs" / "mortar_mayhem_grid.yaml")).get_config()
    config["environment"]["name"] = args.env
    config.update(n_workers=args.workers, worker_steps=args.steps, epochs=args.epochs, n_mini_batch=args.minibatches)
    config["recurrence"]["sequence_length"] = args.sequence_length
    return PPOTrainer(config, device=torch.device("cpu"))


def update(trainer: Any) -> Dict[str, float]:
    """One update as `PPOTrainer.run_training` does it; the seconds of its phases and the padding of its sequences."""
    config, buffer = trainer.config, trainer.buffer
    start = time.perf_counter()
    trainer._sample_training_data()
    sampled = time.perf_counter()
    buffer.prepare_batch_dict()
    trainer._train_epochs(*(config[f"{name}_schedule"]["initial"] for name in ("learning_rate", "clip_range", "beta")))
    end = time.perf_counter()
    del buffer.samples_flat
    padding = buffer.num_sequences * buffer.actual_sequence_length / buffer.batch_size
    return {"rollout": sampled - start, "train": end - sampled, "padding": padding}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-dir", type=Path, required=True, help="checkout of recurrent-ppo-truncated-bptt")
    parser.add_argument("--env", default="MortarMayhem-Grid-v0", help="one with the options of that configuration")
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--steps", type=int, default=128, help="rollout steps per worker")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--minibatches", type=int, default=4)
    parser.add_argument("--updates", type=int, default=3, help="measured updates, after one of warm-up")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    parser.add_argument("--sequence-length", type=int, default=-1, help="-1: whole episodes, as in the configuration")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.peer_dir = args.peer_dir.resolve()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the workers end with us
    # The trainer prints its progress and writes ./summaries: neither may reach our output or the current folder.
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        home = os.getcwd()
        os.chdir(folder)
        try:
            trainer = make_trainer(args.peer_dir, args)
            update(trainer)
            times: List[Dict[str, float]] = [update(trainer) for _ in range(args.updates)]
            trainer.writer.close()
        finally:
            for process in multiprocessing.active_children():  # not daemons: left alone they would block our exit
                process.kill()
                process.join()
            os.chdir(home)

    mean = {key: sum(t[key] for t in times) / len(times) for key in times[0]}
    print(
        json.dumps(
            {
                "sps": round(args.workers * args.steps / (mean["rollout"] + mean["train"]), 1),
                "rollout_seconds": round(mean["rollout"], 3),
                "train_seconds": round(mean["train"], 3),
                "padding": round(mean["padding"], 3),
                "parameters": sum(p.numel() for p in trainer.model.parameters()),
                "versions": {name: version(name) for name in ("memory-gym", "torch", "numpy")},
                "settings": {**vars(args), "peer_dir": args.peer_dir.name},
            }
        )
    )


if __name__ == "__main__":
    main()
