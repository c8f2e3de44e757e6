"""Measure the cost of each memory in training: steps per second, memory of the process, and size of the state.

    python benchmarks/memories.py
    python benchmarks/memories.py --only gru trxl

PPO on Repeat Previous, 16 envs x 128 steps, whole sequences, 4 epochs, 4 minibatches, all memories with their default
sizes behind an encoder of 64, and with exact RTRL where a memory has it. Each is a process of its own, since a process
does not return the memory of its peak. Every round measures all of them in turn; the median counts.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
from inspect import signature
from pathlib import Path

import torch
from hydra import compose, initialize_config_module
from hydra.utils import get_class

import memorl.configs

from machine import report, table  # isort: skip
from train import COMMON, SETTINGS, build, ours  # isort: skip

PLAIN = [*COMMON, *(setting for setting in SETTINGS["vector"] if not setting.startswith("memory"))]


def variants() -> list[list[str]]:
    """Return the settings of every memory, without exact RTRL and with it."""
    found = []
    names = sorted(path.stem for path in Path(memorl.configs.__path__[0], "memory").glob("*.yaml"))
    with initialize_config_module("memorl.configs", version_base=None):
        for name in names:
            found.append([f"memory={name}"])
            target = get_class(compose("train", [f"memory={name}"]).memory._target_)
            if "credit" in signature(target).parameters:
                found.append([f"memory={name}", "memory.credit=rtrl"])
    return found


def peak_megabytes(device: str) -> float:
    """Return the peak memory of this process so far: of torch on the GPU, or of the whole process."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(settings: list[str], device: str, threads: int, updates: int) -> dict[str, float]:
    """Measure one memory, in this process."""
    run = build([*PLAIN, f"threads={threads}", f"device={device}", *settings])
    state = run.model.memory.initial_state(1)
    before = peak_megabytes(device)
    speed = ours(run, updates)
    return {
        "speed": speed,
        "megabytes": peak_megabytes(device) - before,
        "parameters": sum(p.numel() for p in run.model.memory.parameters()),
        "state": sum(x.numel() * x.element_size() for x in state.values()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", help="measure only these memories")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--updates", type=int, default=4, help="measured updates a round, after one of warm-up")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", help="Markdown file for the result")
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args.one, args.device, args.threads, args.updates)))
        return
    chosen = [v for v in variants() if not args.only or v[0].partition("=")[2] in args.only]
    found: list[list[dict[str, float]]] = [[] for _ in chosen]
    for _ in range(args.rounds):
        for settings, results in zip(chosen, found, strict=True):
            command = [sys.executable, __file__, "--threads", str(args.threads), "--updates", str(args.updates)]
            command += ["--device", args.device]
            out = subprocess.run([*command, "--one", *settings], capture_output=True, text=True, check=True).stdout
            results.append(json.loads(out.splitlines()[-1]))
            print(settings, results[-1], file=sys.stderr)
    rows = []
    for settings, results in zip(chosen, found, strict=True):
        speed, megabytes = (statistics.median(r[key] for r in results) for key in ("speed", "megabytes"))
        name = ", ".join(setting.partition("=")[2] for setting in settings)
        one = results[0]
        rows.append([name, f"{speed:,.0f}", f"{megabytes:,.0f}", f"{one['state']:,.0f}", f"{one['parameters']:,.0f}"])
    header = ["memory", "steps/s", "MB that training adds", "bytes of state an env", "parameters"]
    body = f"Device: {args.device}, threads: {args.threads}.\n\n" + table(header, rows)
    command = f"python benchmarks/memories.py --device {args.device} --threads {args.threads}"
    report("Memories in training", body, command, args.write)


if __name__ == "__main__":
    main()
