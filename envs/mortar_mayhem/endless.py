"""The rules that are different in endless Mortar Mayhem, compiled.

The list of commands repeats, one command longer each time. Only the new command is shown (`first_shown` is its number),
and meanwhile a running explosion stands still. The arena is a torus: figure and target leave it on one side and enter
on the other.

Memory Gym forgets to draw the new figure: from the second episode of an env on, the steps that show the first commands
show the figure as the last episode left it. `drawn_figure` is (first sprite, facing, x, y) as drawn last, and
`drawn_scale` its size, 0 if none was drawn yet.
"""

from memorl.envs.engine.episodes import ENDED
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.rng import integers

from .options import ENDLESS_SIZE, MAX_COMMANDS

LAST_TILE = ENDLESS_SIZE - 1


@jit
def draw_command(env: Record, params: Record, k: int) -> None:
    """Draw command k; all are possible everywhere."""
    env.commands[k] = integers(env.rng, 0, params.allowed_commands)


@jit
def finish_endless_command(env: Record, params: Record, on_target: bool) -> float:
    """Finish the present command and return its reward; after the last one the list grows, also after a failure."""
    last = env.current == env.count
    if on_target:
        env.commands_completed += 1
        reward = params.reward_command_success
        if last:
            reward += params.reward_new_command_success
    else:
        env.phase = ENDED
        reward = params.reward_command_failure
    if last:
        draw_command(env, params, env.count)
        env.first_shown = env.count
        env.count += 1
        if env.count > MAX_COMMANDS:
            env.phase = ENDED
        env.current = 0
        env.blast = 0
        env.frame = -1
    return reward


@jit
def draw_figure(env: Record, params: Record) -> None:
    """Keep the figure as it is drawn."""
    env.drawn_figure[0] = params.figure
    env.drawn_figure[1] = env.facing
    env.drawn_figure[2] = env.x
    env.drawn_figure[3] = env.y
    env.drawn_scale = params.agent_scale


@jit
def report(env: Record, params: Record) -> None:
    """Write the values of the infos, and end the episode at the time limit."""
    if not params.endless:
        return
    if env.length > 0 and env.drawn_scale == 0:
        draw_figure(env, params)
    if env.length > 0 and env.length == params.max_steps:
        env.phase = ENDED
    env.max_command_sequence = env.count - 1
    env.ground_truth[0] = env.target_x / LAST_TILE
    env.ground_truth[1] = env.target_y / LAST_TILE
