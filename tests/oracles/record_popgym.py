"""Record episodes of POPGym: `python tests/oracles/record_popgym.py`, where popgym 1.0.7 is installed.

Three envs of each id are seeded once and play four episodes, one after the other, without another seed. Some actions
are random; the others are a simple player's that sees the hidden state, so that episodes end in every way.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import popgym  # noqa: F401
from numpy.typing import NDArray

TASKS = (
    *("Autoencode", "Battleship", "Concentration", "CountRecall", "HigherLower", "MineSweeper", "MultiarmedBandit"),
    *("NoisyPositionOnlyCartPole", "NoisyPositionOnlyPendulum", "PositionOnlyCartPole", "PositionOnlyPendulum"),
    *("RepeatFirst", "RepeatPrevious", "VelocityOnlyCartPole"),
)
SEEDS = (0, 71, 500_000)
SKILLS = (0.95, 1.0, 0.8, 0.5)


def flat(value: Any) -> NDArray[Any]:
    """Return an observation or an action as one array."""
    return np.concatenate([flat(part) for part in value]) if isinstance(value, tuple) else np.ravel(value)


def peek(env: Any, name: str) -> Any:
    """Choose an action that goes on for long, from the hidden state; a random one where any does."""
    if "CartPole" in name:
        _, x_speed, angle, angle_speed = env.get_state()[:4]
        return int(angle + 0.5 * angle_speed + 0.05 * x_speed > 0)
    if "Battleship" in name:
        return np.argwhere((env.board == 1) & (env.guesses == 0))[0]
    if "MineSweeper" in name:
        return np.argwhere(env.hidden_grid == 0)[0]
    if "Concentration" in name:
        cards, is_up, *_ = env.get_state()
        waiting = env.deck["in_play_idx"]
        fits = is_up == 0
        if waiting:
            fits &= (cards == cards[waiting[0]]) & (np.arange(len(cards)) != waiting[0])
        return int(np.flatnonzero(fits)[0])
    return env.action_space.sample()


def play(env: Any, name: str, seed: int) -> Iterator[dict[str, Any]]:
    """Yield what every reset and every step gave, and the action before it, 0 before a reset."""
    env.action_space.seed(seed)
    rng = np.random.default_rng(seed)
    for episode, skill in enumerate(SKILLS):
        observation, _ = env.reset(seed=None if episode else seed)
        action = 0 * flat(env.action_space.sample())
        reward = 0.0
        ends = [False, False]
        while True:
            yield {"observations": flat(observation), "actions": flat(action), "rewards": reward, "ends": ends}
            if any(ends):
                break
            action = peek(env, name) if rng.random() < skill else env.action_space.sample()
            observation, reward, *ends, _ = env.step(action)


def record() -> dict[str, NDArray[Any]]:
    """Return of each id the rows of all its envs, one env after the other, and how many each has."""
    arrays = {}
    for task in TASKS:
        for difficulty in ("Easy", "Medium", "Hard"):
            name = f"{task}-{difficulty}"
            known = f"{task}{difficulty}".replace("VelocityOnlyCartPole", "VelocityOnlyCartpole")
            env = gymnasium.make(f"popgym-{known}-v0").unwrapped
            played = [list(play(env, name, seed)) for seed in SEEDS]
            for part in played[0][0]:
                values = np.array([row[part] for rows in played for row in rows])
                is_small = values.dtype.kind == "i" and np.abs(values).max() < 128
                arrays[f"{name}_{part}"] = values.astype(np.int8) if is_small else values
            arrays[f"{name}_rows"] = np.array([len(rows) for rows in played])
            print(name, arrays[f"{name}_rows"], flush=True)
    return arrays


if __name__ == "__main__":
    path = Path(__file__).parent / "data" / "popgym.npz"
    np.savez_compressed(path, seeds=np.array(SEEDS), **record())
    print(path.stat().st_size)
