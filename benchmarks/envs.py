"""Environment steps per second on one core, against Memory Gym in the same run.

    python benchmarks/envs.py
    python benchmarks/envs.py --peer-python <python of an environment with Memory Gym 1.0.3>
    python benchmarks/envs.py --threads 2 --num-envs 1024

Random actions drawn beforehand, autoreset included, one thread. CPU time counts, not wall time, so that a busy machine
moves the figures less. For each id the peer and ours run one after the other, `--rounds` times; the median counts.
With `--threads` it is, in wall time, how many times faster that many threads are than one: this needs idle cores.
Beside it stands how many times faster as many processes are, each with its share of the environments and nothing to
wait for: more than that the machine does not give.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np

from machine import report, table  # isort: skip
from memorl.envs import BatchedEnv, MortarMayhem, MysteryPath, SearingSpotlights

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


def ours(env: BatchedEnv, seconds: float, clock: Callable[[], float] = time.process_time) -> float:
    """Steps per second of the clock, which is CPU time unless told otherwise."""
    env.action_space.seed(0)
    actions = [np.asarray(env.action_space.sample()) for _ in range(64)]
    env.reset(seed=0)
    for action in actions:
        env.step(action)
    steps, began = 0, clock()
    while clock() - began < seconds:
        for action in actions:
            env.step(action)
        steps += len(actions) * env.num_envs
    return steps / (clock() - began)


def theirs(python: str, name: str, seconds: float) -> float:
    """Steps per CPU second of Memory Gym."""
    driver = Path(__file__).parent / "peers" / "memory_gym.py"
    command = [python, str(driver), "--env", name, "--seconds", str(seconds)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(json.loads(out.splitlines()[-1])["steps_per_cpu_second"])


def _alone(name: str, kind: str, n: int, seconds: float, ready: Barrier, out: "Queue[float]") -> None:
    game, variant = GAMES[name]
    env = game(observation=kind, num_envs=n, **variant)
    ours(env, 0, time.perf_counter)
    ready.wait()
    out.put(ours(env, seconds, time.perf_counter))


def side_by_side(count: int, name: str, kind: str, n: int, seconds: float) -> float:
    """Steps per second of that many processes together, n environments in all."""
    context = get_context("spawn")
    ready, out = context.Barrier(count), context.Queue()
    workers = [context.Process(target=_alone, args=(name, kind, n // count, seconds, ready, out)) for _ in range(count)]
    for worker in workers:
        worker.start()
    total = sum(out.get() for _ in workers)
    for worker in workers:
        worker.join()
    return total


def scaling(names: list[str], threads: int, sizes: list[int], seconds: float, rounds: int) -> str:
    """How many times faster that many threads, and as many processes, are than one, for each id."""
    sets = [(kind, n) for kind in ("pixels", "symbolic") for n in sizes]
    rows = []
    for name in names:
        game, variant = GAMES[name]
        cells = []
        for kind, n in sets:
            one, more = (game(observation=kind, num_envs=n, threads=count, **variant) for count in (1, threads))
            runs = []
            for _ in range(rounds):
                slow, fast = (ours(env, seconds, time.perf_counter) for env in (one, more))
                runs.append((fast / slow, side_by_side(threads, name, kind, n, seconds) / slow))
            cells += [f"{statistics.median(ratios):.2f}" for ratios in zip(*runs, strict=True)]
            more.close()
        rows.append([name, *cells])
        print(rows[-1], file=sys.stderr)
    header = ["id", *(f"{kind}, {n} envs, {what}" for kind, n in sets for what in ("threads", "processes"))]
    return f"Steps per second with {threads} threads or processes over those with one.\n\n" + table(header, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", help="Python of an environment with Memory Gym 1.0.3")
    parser.add_argument("--only", choices=GAMES, nargs="+", default=list(GAMES), help="these ids alone")
    parser.add_argument("--num-envs", type=int, nargs="+", default=[32, 256])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, help="Measure the gain of that many threads instead")
    parser.add_argument("--write", help="Markdown file for the result")
    args = parser.parse_args()

    if args.threads:
        body = scaling(args.only, args.threads, args.num_envs, args.seconds, args.rounds)
        sizes = " ".join(map(str, args.num_envs))
        command = f"python benchmarks/envs.py --threads {args.threads} --num-envs {sizes}"
        report("Environment threads", body, command, args.write)
        return
    rows = []
    for name in args.only:
        game, variant = GAMES[name]
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
    command += f" --only {' '.join(args.only)}" if args.only != list(GAMES) else ""
    report("Environment speed", body, command, args.write)


if __name__ == "__main__":
    main()
