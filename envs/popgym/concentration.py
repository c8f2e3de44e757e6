"""Concentration of POPGym: find the pairs among cards that lie face down."""

import math
from collections.abc import Mapping
from typing import Any, final

import numpy as np
from gymnasium.spaces import Discrete, MultiDiscrete

from memorl.envs.engine.episodes import end_episode
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch

from .deck import CARDS, COLOURS, RANKS, deck_field, rank, shuffle_deck
from .task import Difficulty, POPGymTask, choose_sizes

_MAX_DECKS = 2
_NO_PLACE = -1


@jit
def _value(env: Record, params: Record, place: int) -> int:
    """Return the colour or the rank of the card at a place, whichever must be alike."""
    card = env.deck[place]
    return rank(card) if params.values == RANKS else card % COLOURS


@jit
def _start(env: Record, params: Record) -> None:
    shuffle_deck(env.rng, env.deck, params.cards)
    env.found[:] = 0
    env.pairs = 0
    env.waiting = _NO_PLACE
    env.turned[:] = _NO_PLACE


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    place = action[0]
    loss = -1 / params.limit
    first = env.waiting
    env.turned[0] = first
    env.turned[1] = place
    reward = 0.0
    if env.found[place]:
        reward = loss if first == _NO_PLACE else 2 * loss
        env.waiting = _NO_PLACE
    elif first == _NO_PLACE:
        env.waiting = place
    else:
        if first != place and _value(env, params, first) == _value(env, params, place):
            reward = 1 / (params.cards // 2)
            env.found[first] = 1
            env.found[place] = 1
            env.pairs += 1
        else:
            reward = 2 * loss
        env.waiting = _NO_PLACE
    end_episode(env, env.pairs == params.cards // 2, env.length >= params.limit - 1)
    return reward


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    for place in range(params.cards):
        is_up = env.found[place] == 1 or env.turned[0] == place or env.turned[1] == place
        vector[place] = _value(env, params, place) if is_up else params.values


_STEP_BATCH = compile_step_batch(_start, _advance, describe=_describe)


@final
class POPGymConcentration(POPGymTask):
    """Find the pairs among cards that lie face down: memory of what was where.

    ## Task
    52 cards (easy, hard) or 104 (medium) lie face down. Turn two; if their colours (easy, medium) or ranks (hard) are
    alike, they stay face up, else both are turned back.

    ## Actions
    `Discrete(cards)`: the place of the card to turn.

    ## Observations
    `MultiDiscrete([values + 1] * cards)`: the colour (2 values) or rank (13) of each card that lies face up or was just
    turned, and the number of values for each of the others.

    ## Rewards
    1 / pairs for a pair; -2 / limit for two cards that are none, or of which the second lay face up already; -1 /
    limit for a first card that lay face up. Turning pairs only returns 1.

    The best policy turns a new card, and then its mate if it knows that, else another new card. The memoryless policy
    turns any card that lies face down. It is not the best, which is not known: a policy may choose its places so that
    the pattern of the cards that lie face up says more than the cards do.

    | | easy | medium | hard |
    |---|---|---|---|
    | optimum | 0.814 | 0.813 | 0.698 |
    | a memoryless policy | 0.451 | 0.468 | -0.821 |

    ## Start
    With all cards face down.

    ## End
    When all pairs are found, or by a time limit after 104 (easy, hard) or 208 (medium) steps. Infos at the end:
    `reward` (the return) and `length`.

    ## Arguments
    `difficulty`, `previous_action`, `antialias`; the others are explained at `BatchedEnv`.

    ## Source
    Morad et al., POPGym: Benchmarking Partially Observable Reinforcement Learning (ICLR 2023), version 1.0.7.

    ## Differences
    None but next-step autoreset.
    """

    def __init__(
        self,
        *,
        difficulty: Difficulty = "easy",
        previous_action: bool = False,
        antialias: bool = False,
        num_envs: int = 1,
        levels: Mapping[str, int] | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        easy, medium, hard = (
            {"cards": cards, "values": values, "limit": math.ceil(2 * cards - cards / (2 * cards - 1))}
            for cards, values in ((CARDS, COLOURS), (2 * CARDS, COLOURS), (CARDS, RANKS))
        )
        sizes = choose_sizes(difficulty, easy, medium, hard)
        cards = int(sizes["cards"])
        state = [
            deck_field(_MAX_DECKS),
            Field("found", np.int8, 0, 1, (CARDS * _MAX_DECKS,)),
            Field("pairs", low=0, high=cards // 2),
            Field("waiting", low=_NO_PLACE, high=cards - 1),
            Field("turned", np.int64, _NO_PLACE, cards - 1, (2,)),
        ]
        space = MultiDiscrete([int(sizes["values"]) + 1] * cards)
        super().__init__(space, Discrete(cards), _STEP_BATCH, locals(), state, sizes)
