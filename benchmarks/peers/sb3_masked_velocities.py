"""The greedy return of sb3-contrib's RecurrentPPO without velocities, at RL-Zoo's settings and with VecNormalize.

    <peer-python> sb3_masked_velocities.py CartPoleNoVel-v1 --seed 0

<peer-python> has torch, stable-baselines3 and sb3-contrib installed. Settings: RL-Zoo's hyperparams/ppo_lstm.yml.
Prints one JSON line: the mean return of 20 episodes, greedy, with the statistics of training, and steps per second.
"""

import argparse
import json
import time

import masked_velocities_envs  # noqa: F401, registers the environments
import numpy as np
import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import VecNormalize

SETTINGS = {
    "CartPoleNoVel-v1": {
        "num_envs": 8, "n_steps": 32, "batch_size": 256, "gae_lambda": 0.8, "gamma": 0.98, "n_epochs": 20,
        "ent_coef": 0.0, "learning_rate": LinearSchedule(1e-3, 0, 1), "clip_range": LinearSchedule(0.2, 0, 1),
    },
    "PendulumNoVel-v1": {
        "num_envs": 4, "n_steps": 1024, "gae_lambda": 0.95, "gamma": 0.9, "n_epochs": 10, "ent_coef": 0.0,
        "learning_rate": 1e-3, "clip_range": 0.2, "use_sde": True, "sde_sample_freq": 4,
    },
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("id", choices=SETTINGS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=100_000)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    settings = dict(SETTINGS[args.id])
    env = make_vec_env(args.id, settings.pop("num_envs"), seed=args.seed)
    env = VecNormalize(env, gamma=settings["gamma"])
    model = RecurrentPPO("MlpLstmPolicy", env, seed=args.seed, device="cpu", **settings)
    began = time.perf_counter()
    model.learn(args.steps)
    seconds = time.perf_counter() - began
    env.training = False
    env.norm_reward = False
    env.seed(10_000 + args.seed)
    returns, _ = evaluate_policy(model, env, 20, deterministic=True, return_episode_rewards=True)
    print(json.dumps({"return": float(np.mean(returns)), "sps": args.steps / seconds}))


if __name__ == "__main__":
    main()
