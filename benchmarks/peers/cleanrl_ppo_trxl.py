"""Training speed of CleanRL's ppo_trxl on Memory Gym's pixels, in environment steps per second.

    <peer-python> cleanrl_ppo_trxl.py --peer-dir <checkout of vwxyzjn/cleanrl>

<peer-python> has torch, Memory Gym 1.0.3 (gymnasium 0.29.*, pygame 2.4.0, numpy < 2) and what the script imports: tyro,
einops, tensorboard, and minigrid 2.3.1 (a later one brings pygame-ce, which overwrites pygame).

The checkout's cleanrl/ppo_trxl/ppo_trxl.py runs as it is, with the sizes given as arguments and the rest its defaults
(three layers of 384, window 119, absolute positions). It is one script without functions, so the time is taken where it
prints its line after every update: from one line to the next is one whole update (acting, environments, learning).
The first update is warm-up. Torch's threads are set, CUDA is off, and its TensorBoard files go to a temporary folder.
Prints one JSON line.
"""

import argparse
import builtins
import contextlib
import json
import os
import runpy
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, List


def run(script: Path, args: argparse.Namespace) -> List[float]:
    """Run the script for one update more than measured; the moments at which it printed its line."""
    import torch

    torch.set_num_threads(args.threads)
    moments: List[float] = []
    real = builtins.print

    def noting(*values: Any, **options: Any) -> None:
        if values and "SPS=" in str(values[0]):
            moments.append(time.perf_counter())
        real(*values, **options)

    batch = args.num_envs * args.num_steps
    options = {
        "env-id": args.env, "num-envs": args.num_envs, "num-steps": args.num_steps, "update-epochs": args.epochs,
        "num-minibatches": args.minibatches, "total-timesteps": (1 + args.updates) * batch, "seed": args.seed,
    }  # fmt: skip
    sys.argv = [str(script), "--no-cuda", *(x for key, value in options.items() for x in (f"--{key}", str(value)))]
    builtins.print = noting
    try:
        runpy.run_path(str(script), run_name="__main__")
    finally:
        builtins.print = real
    return moments


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-dir", type=Path, required=True, help="checkout of CleanRL")
    parser.add_argument("--env", default="MortarMayhem-Grid-v0")
    parser.add_argument("--num-envs", type=int, default=16)
    parser.add_argument("--num-steps", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--minibatches", type=int, default=4)
    parser.add_argument("--updates", type=int, default=2, help="measured updates, after one of warm-up")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    script = args.peer_dir.resolve() / "cleanrl" / "ppo_trxl" / "ppo_trxl.py"

    sys.path[0] = str(script.parent)  # it imports pom_env by its bare name; in place of the folder of this file
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"
    # The script prints its progress and writes ./runs: neither may reach our output or the current folder.
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        home = os.getcwd()
        os.chdir(folder)
        try:
            moments = run(script, args)
        finally:
            os.chdir(home)

    assert len(moments) == args.updates + 1
    seconds = (moments[-1] - moments[0]) / args.updates
    print(
        json.dumps(
            {
                "sps": round(args.num_envs * args.num_steps / seconds, 1),
                "update_seconds": round(seconds, 3),
                "versions": {name: version(name) for name in ("memory-gym", "torch", "numpy")},
                "settings": {**vars(args), "peer_dir": args.peer_dir.name},
            }
        )
    )


if __name__ == "__main__":
    main()
