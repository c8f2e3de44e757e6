"""Train sb3-contrib's RecurrentPPO with a memory of memorl, and evaluate it as users of Stable-Baselines3 do.

    pip install 'memorl[sb3]'
    python examples/sb3_memory.py lru           # any memory, see `python train.py --list memories`
    python examples/sb3_memory.py MlpLstmPolicy # sb3-contrib's own LSTM

The task is Repeat Previous: name the symbol of four steps ago. Without a memory nothing above 0.25 is possible.
"""

import argparse
import time

import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecMonitor

from memorl.agents.adapters.sb3 import MemoryPolicy
from memorl.envs import RepeatPrevious
from memorl.envs.adapters.sb3 import SB3VecEnv

SIZES = {"trxl": {"dim": 64, "layers": 1, "window": 16}, "none": {}, "frame_stack": {}}
"""Arguments of memories that have no hidden size."""

parser = argparse.ArgumentParser()
parser.add_argument("memory", nargs="?", default="gru")
parser.add_argument("--steps", type=int, default=400_000)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.set_num_threads(1)

if args.memory.endswith("Policy"):
    policy = args.memory
    policy_kwargs = {"lstm_hidden_size": 64, "net_arch": [64]}
else:
    policy = MemoryPolicy
    memory_kwargs = SIZES.get(args.memory, {"hidden_size": 64})
    policy_kwargs = {"memory": args.memory, "memory_kwargs": memory_kwargs, "net_arch": [64]}

env = VecMonitor(SB3VecEnv(RepeatPrevious(num_envs=16)))
model = RecurrentPPO(
    policy,
    env,
    n_steps=64,
    batch_size=256,
    n_epochs=4,
    learning_rate=2e-3,
    gamma=0.5,
    ent_coef=0.01,
    policy_kwargs=policy_kwargs,
    seed=args.seed,
    device="cpu",
)
began = time.perf_counter()
model.learn(args.steps)
seconds = time.perf_counter() - began
mean, deviation = evaluate_policy(model, env, n_eval_episodes=64, deterministic=True)
print(f"{args.memory}: return {mean:.3f} +- {deviation:.3f}, {model.num_timesteps / seconds:,.0f} steps/s")
