"""What is different in endless Mortar Mayhem, compiled.

The list of commands is carried out again and again, one command longer each time. Only the new command is shown
(`told` counts those before it), and while it is shown an explosion that has begun stands still. The arena is a torus:
figure and target leave it on one side and enter on the other.

Memory Gym forgets to draw the new figure: from the second episode of an env on, the steps that show the first commands
show the figure as the last episode left it, until the first step that can move it. `look` is the figure as it was drawn
last, (first sprite, facing, x, y), and `look_scale` its size, 0 if none was drawn yet.
"""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.character import walk_through
from memorl.envs.compiled import Record, leaf
from memorl.envs.episodes import ENDED
from memorl.envs.mortar_options import ENDLESS_SIZE, MAX_COMMANDS
from memorl.envs.random import integers

LAST_TILE = ENDLESS_SIZE - 1


@leaf
def draw_command(env: Record, rules: Record, k: int) -> None:
    """Draw command k; all are possible everywhere."""
    env.commands[k] = integers(env.stream, 0, rules.allowed_commands)


@leaf
def move(env: Record, rules: Record, action: NDArray[np.int64], low: int, high: int) -> None:
    """Walk, and be drawn there."""
    walk_through(env, action, rules.agent_speed, low, high, 0.5 * rules.radius)
    _look(env, rules)


@leaf
def judge(env: Record, rules: Record, on_target: bool) -> float:
    """Judge the present command; after the last one the list grows, also when it was failed."""
    env.current += 1
    env.exploded = True
    env.fuse = 1
    last = env.current == env.count
    if on_target:
        env.commands_completed += 1
        reward = rules.reward_command_success
        if last:
            reward += rules.reward_new_command_success
    else:
        env.phase = ENDED
        reward = rules.reward_command_failure
    if last:
        _lengthen(env, rules)
    return reward


@leaf
def _lengthen(env: Record, rules: Record) -> None:
    draw_command(env, rules, env.count)
    env.told = env.count
    env.count += 1
    if env.count > MAX_COMMANDS:
        env.phase = ENDED
    env.current, env.blast, env.frame = 0, 0, -1


@leaf
def _look(env: Record, rules: Record) -> None:
    env.look[0], env.look[1], env.look[2], env.look[3] = rules.figure, env.facing, env.x, env.y
    env.look_scale = rules.agent_scale


@leaf
def conclude(env: Record, rules: Record) -> None:
    """What is told about the step, and the time limit."""
    if env.length > 0 and env.look_scale == 0:
        _look(env, rules)
    if env.length > 0 and env.length == rules.max_steps:
        env.phase = ENDED
    env.max_command_sequence = env.count - 1
    env.ground_truth[0], env.ground_truth[1] = env.target_x / LAST_TILE, env.target_y / LAST_TILE
