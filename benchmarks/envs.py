"""Environment steps per second on one core, against Memory Gym in the same run.

    python benchmarks/envs.py
    python benchmarks/envs.py --peer-python <python of an environment with Memory Gym 1.0.3>

Random actions drawn beforehand, autoreset included, one thread. CPU time counts, not wall time, so that a busy machine
moves the figures less. For each id the peer and ours run one after the other, `--rounds` times; the median counts.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from machine import report, table  # isort: skip
from memorl.envs import MortarMayhem, MysteryPath, SearingSpotlights
from memorl.envs.core import BatchedEnv

GAMES: dict[str, tuple[type[BatchedEnv], dict[str, bool]]] = {
    "MortarMayhem-v0": (MortarMayhem, {}),
    "MortarMayhem-Grid-v0": (MortarMayhem, {"grid": True}),
    "MortarMayhemB-v0": (MortarMayhem, {"act_only": True}),
    "MortarMayhemB-Grid-v0": (MortarMayhem, {"grid": True, "act_only": True}),
    "Endless-MortarMayhem-v0": (MortarMayhem, {"endless": True}),
    "MysteryPath-v0": (MysteryPath, {}),
    "MysteryPath-Grid-v0": (MysteryPath, {"grid": True}),
    "Endless-MysteryPath-v0": (MysteryPath, {"endless": True}),
    "SearingSpotlights-v0": (SearingSpotlights, {}),
    "Endless-SearingSpotlights-v0": (SearingSpotlights, {"endless": True}),
}


def ours(env: BatchedEnv, seconds: float) -> float:
    """Steps per CPU second."""
    env.action_space.seed(0)
    actions = [np.asarray(env.action_space.sample()) for _ in range(64)]
    env.reset(seed=0)
    for action in actions:
        env.step(action)
    steps, began = 0, time.process_time()
    while time.process_time() - began < seconds:
        for action in actions:
            env.step(action)
        steps += len(actions) * env.num_envs
    return steps / (time.process_time() - began)


def theirs(python: str, name: str, seconds: float) -> float:
    """Steps per CPU second of Memory Gym."""
    driver = Path(__file__).parent / "peers" / "memory_gym.py"
    command = [python, str(driver), "--env", name, "--seconds", str(seconds)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(json.loads(out.splitlines()[-1])["steps_per_cpu_second"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", help="Python of an environment with Memory Gym 1.0.3")
    parser.add_argument("--num-envs", type=int, nargs="+", default=[32, 256])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", help="Markdown file for the result")
    args = parser.parse_args()

    rows = []
    for name, (game, variant) in GAMES.items():
        sets = [(kind, n) for kind in ("pixels", "symbolic") for n in args.num_envs]
        envs = {(kind, n): game(observation=kind, num_envs=n, **variant) for kind, n in sets}
        peer: list[float] = []
        own: dict[tuple[str, int], list[float]] = {key: [] for key in sets}
        for _ in range(args.rounds):
            if args.peer_python:
                peer.append(theirs(args.peer_python, name, args.seconds))
            for key, env in envs.items():
                own[key].append(ours(env, args.seconds))
        base = statistics.median(peer) if peer else float("nan")
        cells = [statistics.median(own[key]) for key in sets]
        rows.append([name, f"{base / 1e3:,.1f}", *(f"{x / 1e3:,.0f} ({x / base:.0f}x)" for x in cells)])
        print(rows[-1], file=sys.stderr)
    header = ["id", "Memory Gym", *(f"{kind}, {n} envs" for kind, n in sets)]
    body = "Thousands of steps per second and core, and the ratio to Memory Gym.\n\n" + table(header, rows)
    command = "python benchmarks/envs.py" + (" --peer-python ..." if args.peer_python else "")
    report("Environment speed", body, command, args.write, "gymnasium", "numba")


if __name__ == "__main__":
    main()
