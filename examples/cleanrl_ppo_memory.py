"""PPO with a memory in one file, in the manner of CleanRL's ppo_atari_lstm.py: copy it and change it.

    python examples/cleanrl_ppo_memory.py --env memorl/RepeatPrevious-v0 --memory lru

What differs from CleanRL's file with an LSTM: `memory(x, state, first)` runs over a whole rollout, so that the update
needs no loop over steps; `select` picks the states of a minibatch, whatever the memory; and with Gymnasium's next-step
autoreset the step after an episode's end ignores its action, so that row counts in no loss.

Legend: T steps of a rollout, N environments, M of them in a minibatch.
"""

import argparse
import time
from collections import deque

import gymnasium as gym
import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical
from torch.nn.functional import mse_loss

import memorl.envs  # noqa: F401, registers the ids
from memorl.memory import Memory, make, select

parser = argparse.ArgumentParser()
parser.add_argument("--env", default="memorl/RepeatPrevious-v0")
parser.add_argument("--memory", default="gru")
parser.add_argument("--total-steps", type=int, default=300_000)
parser.add_argument("--num-envs", type=int, default=32)
parser.add_argument("--num-steps", type=int, default=128)
parser.add_argument("--minibatches", type=int, default=4)
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--lr", type=float, default=2e-3)
parser.add_argument("--gamma", type=float, default=0.5)
parser.add_argument("--gae-lambda", type=float, default=0.9)
parser.add_argument("--clip", type=float, default=0.2)
parser.add_argument("--entropy-coef", type=float, default=0.01)
parser.add_argument("--value-coef", type=float, default=0.5)
parser.add_argument("--max-grad-norm", type=float, default=0.5)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
T, N = args.num_steps, args.num_envs


class Agent(nn.Module):
    """A linear layer, a memory, and a layer each for the policy and the value."""

    def __init__(self, envs: gym.vector.VectorEnv) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(int(np.prod(envs.single_observation_space.shape)), 64), nn.ReLU())
        self.memory: Memory = make(args.memory, 64)
        self.actor = nn.Linear(self.memory.output_size, envs.single_action_space.n)
        self.critic = nn.Linear(self.memory.output_size, 1)

    def forward(self, obs: torch.Tensor, state: dict, first: torch.Tensor) -> tuple:
        """Run over observations [T, N, ...]; `first` [T, N] is True where an episode begins."""
        y, state = self.memory(self.encoder(obs.flatten(2)), state, first)
        return Categorical(logits=self.actor(y)), self.critic(y)[..., 0], state


torch.manual_seed(args.seed)
torch.set_num_threads(1)
envs = gym.make_vec(args.env, N)
agent = Agent(envs)
optimizer = torch.optim.Adam(agent.parameters(), args.lr, eps=1e-5)

obs = torch.zeros(T + 1, N, *envs.single_observation_space.shape)
first = torch.zeros(T + 1, N, dtype=torch.bool)
last = torch.zeros(T + 1, N, dtype=torch.bool)  # the episode ended here: the action on this row is ignored
terminal = torch.zeros(T + 1, N, dtype=torch.bool)  # it ended for good, and not by a limit of time
reward = torch.zeros(T + 1, N)  # of the action before
action = torch.zeros(T, N, dtype=torch.int64)
log_prob = torch.zeros(T, N)
value = torch.zeros(T + 1, N)

state = agent.memory.initial_state(N)
obs[0] = torch.as_tensor(envs.reset(seed=args.seed)[0])
first[0] = True
returns: deque[float] = deque(maxlen=100)
running = np.zeros(N)
began = time.perf_counter()
updates = args.total_steps // (T * N)
for update in range(1, updates + 1):
    optimizer.param_groups[0]["lr"] = args.lr * (1 - (update - 1) / updates)
    start = state  # the state before row 0
    with torch.no_grad():
        for t in range(T + 1):
            policy, value[t : t + 1], following = agent(obs[t : t + 1], state, first[t : t + 1])
            if t == T:  # this row is only valued; it is row 0 of the next rollout
                break
            state = following
            action[t] = policy.sample()[0]
            log_prob[t] = policy.log_prob(action[t])[0]
            o, r, terminated, truncated, _ = envs.step(action[t].numpy())
            obs[t + 1] = torch.as_tensor(o)
            reward[t + 1] = torch.as_tensor(r)
            terminal[t + 1] = torch.as_tensor(terminated)
            last[t + 1] = torch.as_tensor(terminated | truncated)
            first[t + 1] = last[t]
            running += r
            returns.extend(running[terminated | truncated])
            running[terminated | truncated] = 0

        advantage = torch.zeros(T, N)
        following_advantage = torch.zeros(N)
        for t in reversed(range(T)):
            delta = reward[t + 1] + args.gamma * value[t + 1] * ~terminal[t + 1] - value[t]
            following_advantage = delta + args.gamma * args.gae_lambda * following_advantage * ~last[t + 1]
            advantage[t] = following_advantage
        target = advantage + value[:-1]

    for _ in range(args.epochs):
        for envs_of_batch in torch.randperm(N).chunk(args.minibatches):
            policy, new_value, _ = agent(
                obs[:-1, envs_of_batch], select(start, envs_of_batch), first[:-1, envs_of_batch]
            )
            decided = ~last[:-1, envs_of_batch]
            ratio = (policy.log_prob(action[:, envs_of_batch]) - log_prob[:, envs_of_batch]).exp()[decided]
            gain = advantage[:, envs_of_batch][decided]
            gain = (gain - gain.mean()) / (gain.std() + 1e-8)
            policy_loss = -torch.min(ratio * gain, ratio.clamp(1 - args.clip, 1 + args.clip) * gain).mean()
            value_loss = mse_loss(new_value[decided], target[:, envs_of_batch][decided])
            entropy = policy.entropy()[decided].mean()
            loss = policy_loss + args.value_coef * value_loss - args.entropy_coef * entropy
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)
            optimizer.step()

    for rows in (obs, first, last, terminal, reward):
        rows[0] = rows[T]
    if update % 10 == 0 or update == updates:
        steps = update * T * N
        mean = np.mean(returns) if returns else float("nan")
        print(f"{steps:,} steps: return {mean:.3f}, {steps / (time.perf_counter() - began):,.0f} steps/s")
