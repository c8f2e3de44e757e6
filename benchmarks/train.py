"""Training speed at fixed settings, in environment steps per second, against peers in the same run.

    python benchmarks/train.py vector --peer-python <python with sb3-contrib>
    python benchmarks/train.py pixels --peer-python <python with Memory Gym> --peer-dir <recurrent-ppo-truncated-bptt>
    python benchmarks/train.py trxl --peer-python <python with Memory Gym> --peer-dir <cleanrl>

vector: PPO-LSTM-256 on RepeatPrevious, 16 envs x 128 steps, whole sequences, 4 epochs, 4 minibatches, against the
RecurrentPPO of sb3-contrib with one shared LSTM of the same size. pixels: PPO-GRU-512 on MortarMayhem-Grid, 16 x 128,
3 epochs, 4 minibatches, against recurrent-ppo-truncated-bptt. trxl: the same with a Transformer-XL, 3 layers
of 384, window 119, against CleanRL's ppo_trxl. Peer and ours run one after the other, `--rounds` times;
the median counts. An update is everything: acting, environments, learning. Beside the figure stands its share of the
machine's peak: the arithmetic of an update by the FLOP counter of torch, over a large float32 matrix product.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from machine import gemm_peak, report, table  # isort: skip
from runs import build, update  # isort: skip
from memorl.agents.experiment import Run

COMMON = ["device=cpu", "num_envs=16", "rollout_steps=128", "run_dir=none", "agent.minibatches=4"]
SETTINGS = {
    "vector": [
        "env=repeat_previous", "memory=lstm", "memory.hidden_size=256", "encoder.output_size=64",
        "encoder.vector_size=64", "model.body_size=0", "model.branch_size=64", "agent.epochs=4",
    ],
    "pixels": ["env=mortar_mayhem_grid", "memory=gru", "memory.hidden_size=512", "agent.epochs=3"],
    "trxl": [
        "env=mortar_mayhem_grid", "memory=trxl", "memory.dim=384", "memory.layers=3", "memory.heads=4",
        "memory.window=119", "memory.positions=absolute", "encoder.output_size=384", "model.body_size=384",
        "model.branch_size=0", "agent.epochs=3",
    ],
}  # fmt: skip
DRIVERS = {
    "vector": "sb3_recurrent_ppo.py",
    "pixels": "recurrent_ppo_truncated_bptt.py",
    "trxl": "cleanrl_ppo_trxl.py",
}


def ours(run: Run, updates: int) -> float:
    """Steps per second."""
    update(run)
    began = time.perf_counter()
    steps = sum(update(run) for _ in range(updates))
    return steps / (time.perf_counter() - began)


def flop_per_step(run: Run) -> float:
    """Arithmetic of an update per step: matrix products and convolutions. The core of the memory, which the counter
    does not look into, is added by hand: H^2 products of the state, forward, and twice that backward."""
    with FlopCounterMode(display=False) as counter:
        steps = update(run)
    H = run.model.memory.output_size
    gates = sum(p.numel() for name, p in run.model.memory.named_parameters() if "weight_hh" in name) // H**2
    return counter.get_total_flops() / steps + 2 * gates * H**2 * (1 + 3 * run.agent.epochs)


def theirs(kind: str, args: argparse.Namespace) -> float:
    """Steps per second of the peer."""
    command = [args.peer_python, str(Path(__file__).parent / "peers" / DRIVERS[kind]), "--threads", str(args.threads)]
    command += ["--updates", str(args.updates)]
    command += ["--shared", "--net-arch", "64", "64"] if kind == "vector" else ["--peer-dir", args.peer_dir]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(json.loads(out.splitlines()[-1])["sps"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=SETTINGS)
    parser.add_argument("--peer-python", help="Python of the peer's environment; without it ours runs alone")
    parser.add_argument("--peer-dir", help="checkout of recurrent-ppo-truncated-bptt or CleanRL")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--updates", type=int, default=4, help="measured updates a round, after one of warm-up")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", help="Markdown file for the result")
    parser.add_argument("overrides", nargs="*", help="settings of ours to change, as model.precision=bfloat16")
    args = parser.parse_intermixed_args()
    if args.kind != "vector" and bool(args.peer_python) != bool(args.peer_dir):
        parser.error(f"{args.kind} needs both --peer-python and --peer-dir, or neither")

    overrides = [*COMMON, *SETTINGS[args.kind], f"threads={args.threads}", *args.overrides]
    run = build(overrides)
    own, peer = [], []
    for _ in range(args.rounds):
        if args.peer_python:
            peer.append(theirs(args.kind, args))
        own.append(ours(run, args.updates))
        print(own[-1], peer[-1:], file=sys.stderr)
    sps, base = statistics.median(own), statistics.median(peer) if peer else float("nan")
    work, peak = flop_per_step(run), gemm_peak()
    rows = [["memorl", f"{sps:,.0f}", f"{min(own):,.0f} .. {max(own):,.0f}", f"{sps / base:.2f}x"]]
    if peer:
        rows.append([DRIVERS[args.kind][:-3], f"{base:,.0f}", f"{min(peer):,.0f} .. {max(peer):,.0f}", "1x"])
    body = table(["", "steps/s", f"of {args.rounds} rounds", "ratio"], rows)
    body += (
        f"\n\n{args.threads} threads; {work / 1e6:,.1f} MFLOP a step, so {sps * work / 1e9:,.1f} GFLOP/s: "
        f"{sps * work / peak:.0%} of the {peak / 1e9:,.0f} GFLOP/s of a large float32 matrix product."
    )
    command = " ".join(["python benchmarks/train.py", args.kind, *args.overrides])
    command += " --peer-python ..." * bool(args.peer_python) + " --peer-dir ..." * bool(args.peer_dir)
    report(f"Training speed: {args.kind}", body, command, args.write)
    assert torch.get_num_threads() == args.threads


if __name__ == "__main__":
    main()
