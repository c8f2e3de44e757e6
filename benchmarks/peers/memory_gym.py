"""Environment steps per second of Memory Gym, in one process on one core.

    <peer-python> memory_gym.py --env MortarMayhem-v0 --seconds 5

<peer-python> has Memory Gym installed (1.0.3 is not on PyPI: `pip install --no-deps` a checkout of
MarcoMeter/endless-memory-gym, beside gymnasium 0.29.*, pygame 2.4.0 and numpy < 2).

Steps the bare environment, without Gymnasium's wrappers, with random actions drawn beforehand, and calls `reset()` at
the end of every episode. Resets are part of the time; making the environment and a warm-up of half a second are not.
Prints one JSON line. `steps_per_cpu_second` divides by the time of this process alone, so a busy machine moves it less.
"""

import argparse
import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, List, Tuple

CHUNK = 256  # steps between two looks at the clock


def draw_actions(env: Any, count: int, seed: int) -> List[Any]:
    """Random actions of the environment: ints, or one array per step where an action has branches."""
    env.action_space.seed(seed)
    actions = [env.action_space.sample() for _ in range(count)]
    return [int(a) for a in actions] if actions[0].ndim == 0 else actions


def run(env: Any, actions: List[Any], seconds: float) -> Tuple[int, int, float, float]:
    """Step for about `seconds`; return steps, finished episodes, wall seconds and CPU seconds."""
    steps = episodes = 0
    wall, cpu = time.perf_counter(), time.process_time()
    while True:
        for i in range(CHUNK):
            _, _, done, truncated, _ = env.step(actions[(steps + i) % len(actions)])
            if done or truncated:
                env.reset()
                episodes += 1
        steps += CHUNK
        if time.perf_counter() - wall >= seconds:
            return steps, episodes, time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="MortarMayhem-v0", help="id of a Memory Gym environment")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    here = Path(__file__).resolve().parent  # off the path, or this file would hide the package of its own name
    sys.path[:] = [p for p in sys.path if Path(p).resolve() != here]
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"
    import gymnasium
    import memory_gym  # noqa: F401, registers the environments

    env = gymnasium.make(args.env, disable_env_checker=True).unwrapped
    actions = draw_actions(env, 4096, args.seed)
    env.reset(seed=args.seed)
    run(env, actions, 0.5)
    steps, episodes, wall, cpu = run(env, actions, args.seconds)
    env.close()
    print(
        json.dumps(
            {
                "env": args.env,
                "steps_per_second": round(steps / wall, 1),
                "steps_per_cpu_second": round(steps / cpu, 1),
                "steps": steps,
                "episodes": episodes,
                "version": version("memory-gym"),
            }
        )
    )


if __name__ == "__main__":
    main()
