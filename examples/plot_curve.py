"""Train an agent with a memory and one without from Python, draw their curves, and let the first one play.

    pip install matplotlib
    python examples/plot_curve.py                  # about a minute on a laptop; writes curve.png

In a notebook the same lines work, cell by cell.
"""

# %% Train: names and defaults are those of `python train.py`.
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from memorl.agents import load_policy, train
from memorl.envs import make

ARGUMENTS = {"lru": {"memory.hidden_size": 64}, "none": {}}
STEPS = int(float(sys.argv[1])) if len(sys.argv) > 1 else 120_000

runs = {
    memory: train(
        env="repeat_previous",
        memory=memory,
        experiment="laptop_repeat_previous",
        total_steps=STEPS,
        quiet=True,
        overrides=arguments,
    )
    for memory, arguments in ARGUMENTS.items()
}

# %% Draw: metrics are columns of numbers, one an update.
figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
for memory, run in runs.items():
    axes.plot(run.metrics["step"], run.metrics["charts/episodic_return"], label=memory)
axes.axhline(1, color="grey", linewidth=0.5)
axes.set(xlabel="steps", ylabel="return of an episode", title="Repeat Previous, k = 4", ylim=(0, 1.05))
axes.legend(title="memory")
figure.savefig(Path("curve.png"), dpi=150)

# %% Play: a policy needs no environment to be loaded, and keeps its state between the calls of `act`.
policy = load_policy(runs["lru"].folder, best=True, greedy=True)
envs = make("repeat_previous", num_envs=8)
observation, infos = envs.reset(seed=200_000)
first = np.ones(8, bool)
total = 0.0
for _ in range(64):
    observation, reward, terminated, truncated, infos = envs.step(policy.act(observation, first))
    first = np.zeros(8, bool)
    total += float(reward.mean())
print(f"return of eight episodes: {total:.2f}")
print("curves: curve.png, runs:", *(run.folder for run in runs.values()))
