"""Training speed of sb3-contrib's RecurrentPPO on Repeat Previous, in environment steps per second.

    <peer-python> sb3_recurrent_ppo.py --shared --hidden 256 --envs 16 --steps 128

<peer-python> has torch, stable-baselines3 and sb3-contrib installed.

The time is that of whole iterations (rollout and training) after one warm-up iteration; one batched environment in
numpy keeps the cost of the task negligible. Prints one JSON line. Settings of RecurrentPPO: `n_steps` is per
environment, `batch_size` counts transitions (envs * steps / minibatches), `net_arch` are the layers between LSTM and
heads. With --shared one LSTM serves both heads, but the value loss sends no gradient into it (sb3-contrib detaches it);
with --separate the critic has an LSTM of its own, which is the library's default.
"""

import argparse
import json
import time
from importlib.metadata import version
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
import torch
from gymnasium import spaces
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import VecEnv


class RepeatPrevious(VecEnv):
    """Name the symbol shown k steps ago.

    Every step shows a random symbol, one-hot. The action names a symbol and earns 1 if it is the one shown k steps
    before the current; the first k actions of an episode earn nothing. An episode has `length` steps.
    """

    render_mode = None  # VecEnv asks for it

    def __init__(self, num_envs: int, symbols: int = 4, k: int = 4, length: int = 64, seed: int = 0):
        self.symbols, self.k, self.length = symbols, k, length
        self.rng = np.random.default_rng(seed)
        self.one_hot = np.eye(symbols, dtype=np.float32)
        super().__init__(num_envs, spaces.Box(0.0, 1.0, (symbols,), np.float32), spaces.Discrete(symbols))

    def reset(self) -> np.ndarray:
        self.clock = 0
        self.shown = self.rng.integers(self.symbols, size=(self.length + 1, self.num_envs))
        return self.one_hot[self.shown[0]]

    def step_async(self, actions: np.ndarray) -> None:
        self.actions = actions

    def step_wait(self) -> Tuple[np.ndarray, np.ndarray, np.ndarray, List[dict]]:
        if self.clock >= self.k:
            reward = (self.actions == self.shown[self.clock - self.k]).astype(np.float32)
        else:
            reward = np.zeros(self.num_envs, np.float32)
        self.clock += 1
        obs = self.one_hot[self.shown[self.clock]]
        infos: List[dict] = [{} for _ in range(self.num_envs)]
        over = self.clock == self.length  # all environments begin and end together
        if over:
            for info, last in zip(infos, obs):
                info["terminal_observation"] = last
            obs = self.reset()
        return obs, reward, np.full(self.num_envs, over), infos

    def close(self) -> None:
        pass

    def get_attr(self, attr_name: str, indices: Any = None) -> List[Any]:
        return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> List[Any]:
        raise NotImplementedError(method_name)

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> List[bool]:
        return [False] * len(list(self._get_indices(indices)))


class Stopwatch(BaseCallback):
    """Notes when rollouts begin and end, when training as a whole ends, and the mean reward of each rollout."""

    def __init__(self) -> None:
        super().__init__()
        self.begins: List[float] = []
        self.ends: List[float] = []
        self.rewards: List[float] = []

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        self.begins.append(time.perf_counter())

    def _on_rollout_end(self) -> None:
        self.ends.append(time.perf_counter())
        self.rewards.append(float(self.model.rollout_buffer.rewards.mean()))

    def _on_training_end(self) -> None:
        self.begins.append(time.perf_counter())


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    lstm = parser.add_mutually_exclusive_group()
    lstm.add_argument("--shared", dest="shared", action="store_true", default=True, help="one LSTM (default)")
    lstm.add_argument("--separate", dest="shared", action="store_false", help="one LSTM each for actor and critic")
    parser.add_argument("--hidden", type=int, default=256, help="units of the LSTM")
    parser.add_argument("--net-arch", type=int, nargs="*", default=[], help="layers after the LSTM; sb3's own: 64 64")
    parser.add_argument("--envs", type=int, default=16)
    parser.add_argument("--steps", type=int, default=128, help="rollout steps per environment")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--minibatches", type=int, default=4)
    parser.add_argument("--updates", type=int, default=5, help="measured iterations, after one of warm-up")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    parser.add_argument("--symbols", type=int, default=4)
    parser.add_argument("--k", type=int, default=4)
    parser.add_argument("--length", type=int, default=64, help="steps of an episode")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)

    torch.set_num_threads(args.threads)
    batch = args.envs * args.steps
    if batch % args.minibatches:
        parser.error("envs * steps must be a multiple of minibatches")
    model = RecurrentPPO(
        "MlpLstmPolicy",
        RepeatPrevious(args.envs, args.symbols, args.k, args.length, args.seed),
        n_steps=args.steps,
        batch_size=batch // args.minibatches,
        n_epochs=args.epochs,
        policy_kwargs={
            "lstm_hidden_size": args.hidden,
            "net_arch": args.net_arch,
            "shared_lstm": args.shared,
            "enable_critic_lstm": not args.shared,
        },
        seed=args.seed,
        device="cpu",
    )
    model.set_logger(Logger(folder=None, output_formats=[]))  # the default makes a folder under /tmp
    watch = Stopwatch()
    model.learn((1 + args.updates) * batch, callback=watch)

    assert len(watch.begins) == args.updates + 2
    wall = watch.begins[-1] - watch.begins[1]
    rollout = sum(end - begin for begin, end in zip(watch.begins[1:], watch.ends[1:]))
    print(
        json.dumps(
            {
                "sps": round(args.updates * batch / wall, 1),
                "rollout_seconds": round(rollout / args.updates, 3),
                "train_seconds": round((wall - rollout) / args.updates, 3),
                "last_mean_reward": round(watch.rewards[-1], 4),
                "parameters": sum(p.numel() for p in model.policy.parameters()),
                "versions": {name: version(name) for name in ("sb3-contrib", "stable-baselines3", "torch")},
                "settings": vars(args),
            }
        )
    )


if __name__ == "__main__":
    main()
