"""The loop over envs of Mortar Mayhem: begin or advance, then show."""

import numpy as np
from numpy.typing import NDArray

from memorl.envs.canvas import Sprites
from memorl.envs.compiled import entry
from memorl.envs.episodes import ENDED, PLAYING, Array, account, begin
from memorl.envs.mortar_arena import Scenery
from memorl.envs.mortar_endless import conclude
from memorl.envs.mortar_options import VECTOR
from memorl.envs.mortar_rules import advance, start
from memorl.envs.mortar_view import describe, draw, spell


@entry
def play(
    low: int,
    high: int,
    actions: NDArray[np.int64],
    state: Array,
    rules: Array,
    levels: NDArray[np.int64],
    scenery: Scenery,
    sprites: Sprites,
    pixels: NDArray[np.uint8],
    vectors: NDArray[np.float32],
    rewards: NDArray[np.float64],
    ends: NDArray[np.bool_],
) -> None:
    """One step of envs low .. high-1; without pixels the vectors hold their description, before any commands."""
    for i in range(low, high):
        env = state[i]
        rewards[i] = 0.0
        if env.phase == PLAYING:
            rewards[i] = advance(env, rules[env.row], actions[i])
            account(env, rewards[i])
        else:
            begin(env, rules, levels)
            start(env, rules[env.row])
        if rules[env.row].endless:
            conclude(env, rules[env.row])
        ends[i] = env.phase == ENDED
        if pixels.size:
            draw(env, rules[env.row], scenery, sprites, pixels[i])
        else:
            describe(env, rules[env.row], sprites, vectors[i])
        if rules[env.row].act_only:
            spell(env, vectors[i, vectors.shape[1] - VECTOR :])
