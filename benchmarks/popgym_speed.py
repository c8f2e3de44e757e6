"""Environment steps per second of POPGym's tasks on one core, against POPGym in the same process.

    pip install popgym
    python benchmarks/popgym_speed.py

Random actions drawn beforehand, resets included, one thread. POPGym plays one env at a time, without Gymnasium's
wrappers; ours is a batch of `--num-envs`. CPU time counts, not wall time, so that a busy machine moves the figures
less. Both take turns `--rounds` times; the median of each counts.
"""

import argparse
import math
import statistics
import sys
import time
from typing import Any

import gymnasium
import popgym  # noqa: F401

from machine import report, table  # isort: skip
from memorl.envs import BatchedEnv

IDS = [spec.removeprefix("memorl/POPGym").removesuffix("-v0") for spec in gymnasium.registry if "memorl/POPGym" in spec]
PEERS = {name.lower(): name for name in gymnasium.registry if name.startswith("popgym-")}
ACTIONS = 64


def ours(env: BatchedEnv, seconds: float) -> float:
    """Steps per CPU second of a batch."""
    actions = [env.action_space.sample() for _ in range(ACTIONS)]
    steps = 0
    began = time.process_time()
    while time.process_time() - began < seconds:
        for action in actions:
            env.step(action)
        steps += ACTIONS * env.num_envs
    return steps / (time.process_time() - began)


def theirs(env: Any, seconds: float) -> float:
    """Steps per CPU second of one env of POPGym."""
    actions = [env.action_space.sample() for _ in range(ACTIONS)]
    env.reset()
    steps = 0
    began = time.process_time()
    while time.process_time() - began < seconds:
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        steps += ACTIONS
    return steps / (time.process_time() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=IDS, nargs="+", default=IDS, help="these tasks alone")
    parser.add_argument("--num-envs", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", help="Markdown file for the result")
    args = parser.parse_args()

    rows = []
    ratios = []
    for name in args.only:
        batch: Any = gymnasium.make_vec(f"memorl/POPGym{name}-v0", num_envs=args.num_envs)
        batch.action_space.seed(0)
        batch.reset(seed=0)
        peer = gymnasium.make(PEERS[f"popgym-{name.replace('-', '')}-v0".lower()]).unwrapped
        peer.action_space.seed(0)
        peer.reset(seed=0)
        speeds = [(theirs(peer, args.seconds), ours(batch, args.seconds)) for _ in range(args.rounds)]
        base, own = (statistics.median(runs) for runs in zip(*speeds, strict=True))
        ratios.append(own / base)
        rows.append([name, f"{base / 1e3:,.1f}", f"{own / 1e3:,.0f}", f"{own / base:.0f}x"])
        print(rows[-1], file=sys.stderr)
    mean = math.exp(statistics.mean(map(math.log, ratios)))
    text = f"Thousands of steps per second and core; ours in batches of {args.num_envs}.\n\n"
    text += table(["id", "POPGym", "memorl", "ratio"], rows)
    text += f"\n\nGeometric mean of the ratios {mean:.1f}x, the lowest {min(ratios):.1f}x."
    report("POPGym speed", text, "python benchmarks/popgym_speed.py", args.write)


if __name__ == "__main__":
    main()
