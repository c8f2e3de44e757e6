"""Greedy returns without velocities, against sb3-contrib's RecurrentPPO at RL-Zoo's settings, in the same run.

    python benchmarks/masked_velocities.py CartPoleNoVel-v1 --peer-python <python with sb3-contrib>

For each seed each contender trains for `--steps` steps and then plays 20 episodes with its most likely actions. Ours
have the settings that RL-Zoo tuned for its LSTM (hyperparams/ppo_lstm.yml) and defaults in everything else; the peer
has VecNormalize. Ours differ on Pendulum: the learning rate falls to 0, where RL-Zoo's stays and the policy is lost
again after it was learned; a minibatch's 128 rows are eight sequences and not one; and the noise of actions is
independent, where the peer's depends on the state. "none" is the control without a memory. With `--keep` what is done
is kept in a file, and the same command goes on after an interruption.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from machine import report, table  # isort: skip
from runs import build, update  # isort: skip
from memorl.agents.experiment import build_stream, find_device, run_episodes

PEERS = Path(__file__).parent / "peers"
EPISODES = 20
COMMON = [
    "env=gymnasium", "device=cpu", "run_dir=none", "agent.entropy_coef=0", "agent.final_entropy_coef=null",
    "agent.normalize_advantage=true", "agent.max_grad_norm=0.5", "agent.clip_value=false", "agent.clip=0.2",
    "agent.lr=1e-3", "agent.weight_decay=0", "agent.adam_eps=1e-5", "encoder.output_size=64", "encoder.vector_size=64",
    "model.body_size=0", "model.branch_size=64",
]  # fmt: skip
SETTINGS = {
    "CartPoleNoVel-v1": [
        "num_envs=8", "rollout_steps=32", "agent.minibatches=1", "agent.epochs=20", "agent.gamma=0.98", "agent.lam=0.8",
        "agent.final_lr=0", "agent.final_clip=0",
    ],
    "PendulumNoVel-v1": [
        "num_envs=4", "rollout_steps=1024", "sequence_length=16", "agent.minibatches=32", "agent.epochs=10",
        "agent.gamma=0.9", "agent.lam=0.95", "agent.final_lr=0", "model.share=none",
    ],
}  # fmt: skip
MEMORIES = {"gru": ["memory.hidden_size=256"], "lstm": ["memory.hidden_size=256"], "none": []}


def train_ours(id: str, memory: str, seed: int, args: argparse.Namespace) -> tuple[float, float]:
    """Return the mean greedy return after training, and the steps per second of training."""
    overrides = [*COMMON, f"env.id={id}", *SETTINGS[id], f"memory={memory}", *MEMORIES[memory], *args.overrides]
    overrides += [f"seed={seed}", f"threads={args.threads}", f"total_steps={args.steps}"]
    run = build(overrides)
    began = time.perf_counter()
    while run.agent.steps < args.steps:
        update(run)
    sps = run.agent.steps / (time.perf_counter() - began)
    stream = build_stream(run.config, EPISODES, find_device("cpu"))
    seeds = range(10_000 + EPISODES * seed, 10_000 + EPISODES * (seed + 1))
    episodes = run_episodes(run.model, stream, seeds, greedy=True)
    return statistics.mean(episode["return"] for episode in episodes), sps


def train_peer(id: str, seed: int, args: argparse.Namespace) -> tuple[float, float]:
    """Return the same of the peer."""
    command = [args.peer_python, str(PEERS / "sb3_masked_velocities.py"), id, "--seed", str(seed)]
    command += ["--threads", str(args.threads), "--steps", str(args.steps)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    result = json.loads(out.splitlines()[-1])
    return result["return"], result["sps"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("id", choices=SETTINGS)
    parser.add_argument("--peer-python", help="Python of the peer's environment; without it ours run alone")
    parser.add_argument("--memories", nargs="*", choices=MEMORIES, default=list(MEMORIES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="JSON file of the returns that are done")
    parser.add_argument("--write", help="Markdown file for the result")
    parser.add_argument("overrides", nargs="*", help="settings of ours to change, as agent.normalize_values=false")
    args = parser.parse_intermixed_args()
    sys.path.insert(0, str(PEERS))
    import masked_velocities_envs  # noqa: F401, registers the environments

    contenders = {f"memorl {memory}": [] for memory in args.memories}
    if args.peer_python:
        contenders["sb3-contrib RecurrentPPO"] = []
    if args.keep and args.keep.exists():
        contenders |= json.loads(args.keep.read_text())
    for seed in range(args.seeds):
        for name, results in contenders.items():
            if len(results) > seed:
                continue
            if name.startswith("memorl"):
                results.append(train_ours(args.id, name.split()[1], seed, args))
            else:
                results.append(train_peer(args.id, seed, args))
            print(name, seed, results[-1:], file=sys.stderr, flush=True)
            if args.keep:
                args.keep.write_text(json.dumps(contenders))
    rows = []
    for name, results in contenders.items():
        if results:
            returns, speeds = zip(*results, strict=True)
            shown = ", ".join(f"{value:.0f}" for value in returns)
            rows.append([name, f"{statistics.mean(returns):.0f}", shown, f"{statistics.median(speeds):,.0f}"])
    body = table(["", "mean greedy return", "of each seed", "steps/s"], rows)
    command = " ".join(["python benchmarks/masked_velocities.py", args.id, *args.overrides])
    report(
        f"{args.id}, {args.steps:,} steps", body, command + " --peer-python ..." * bool(args.peer_python), args.write
    )


if __name__ == "__main__":
    main()
