"""Train PPO of TorchRL with a memory of memorl: a collector, GAE and the clipped loss, all of TorchRL.

    pip install 'memorl[torchrl]'
    python examples/torchrl_ppo.py lru          # any memory, see `python train.py --list memories`

The task is Repeat Previous: name the symbol of one step ago. Without a memory nothing above 0.25 is possible.
"""

import argparse
import time

import torch
from tensordict.nn import TensorDictModule, TensorDictSequential
from torch import nn
from torchrl.collectors import Collector
from torchrl.envs import Compose, GymEnv, InitTracker, SerialEnv, TransformedEnv
from torchrl.modules import ProbabilisticActor, ValueOperator, set_recurrent_mode
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE

import memorl.envs  # noqa: F401, registers the ids
from memorl.agents.adapters.torchrl import MemoryModule
from memorl.memory import make

N = 8
SYMBOLS = 4
LENGTH = 16

parser = argparse.ArgumentParser()
parser.add_argument("memory", nargs="?", default="gru")
parser.add_argument("--steps", type=int, default=20_000)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)
torch.set_num_threads(1)

sizes = {} if args.memory in ("none", "frame_stack", "trxl") else {"hidden_size": 32}
embed = TensorDictModule(nn.Linear(SYMBOLS, 32), ["observation"], ["features"])
memory = MemoryModule(make(args.memory, 32, **sizes), in_key="features", out_key="embed")
size = memory.rnn.output_size
common = TensorDictSequential(embed, memory)

single = [lambda: GymEnv("memorl/RepeatPrevious-v0", k=1, length=LENGTH)] * N
env = TransformedEnv(SerialEnv(N, single), Compose(InitTracker(), memory.make_tensordict_primer()))
env.set_seed(args.seed)
actor = ProbabilisticActor(
    TensorDictSequential(common, TensorDictModule(nn.Linear(size, SYMBOLS), ["embed"], ["logits"])),
    ["logits"],
    spec=env.full_action_spec_unbatched,
    distribution_class=torch.distributions.OneHotCategorical,
    return_log_prob=True,
)
critic = TensorDictSequential(common, ValueOperator(nn.Linear(size, 1), in_keys=["embed"]))
advantage = GAE(gamma=0.5, lmbda=0.9, value_network=critic, shifted=True)
loss = ClipPPOLoss(actor, critic, entropy_coeff=0.01)
optimizer = torch.optim.Adam(loss.parameters(), 2e-3)

began = time.perf_counter()
steps = 0
for data in Collector(env, actor, frames_per_batch=N * 64, total_frames=args.steps):
    with set_recurrent_mode(True):  # the memory runs over whole sequences
        with torch.no_grad():
            advantage(data)
        for _ in range(8):
            terms = loss(data)
            optimizer.zero_grad()
            sum(terms[name] for name in ("loss_objective", "loss_critic", "loss_entropy")).backward()
            nn.utils.clip_grad_norm_(loss.parameters(), 0.5)
            optimizer.step()
    steps += data.numel()
    episodes = data["next", "done"].sum().clamp(min=1)
    mean = (data["next", "reward"].sum() / episodes).item()
    if steps // data.numel() % 10 == 0:
        print(f"{steps:,} steps: return {mean:.3f}")
print(f"{args.memory}: return {mean:.3f}, {steps / (time.perf_counter() - began):,.0f} steps/s")
