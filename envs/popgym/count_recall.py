"""Count Recall of POPGym: how often was this value dealt so far?"""

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from gymnasium.spaces import Discrete, MultiDiscrete

from memorl.envs.engine.episodes import end_episode
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch

from .deck import CARDS, COLOURS, RANKS, SUITS, deal, deck_field, rank, shuffle_deck
from .task import Difficulty, POPGymTask, choose_sizes

_MAX_DECKS = 4


@jit
def _value(params: Record, card: int) -> int:
    """Return the colour, the suit or the rank of a card, whichever the difficulty counts."""
    return rank(card) if params.values == RANKS else card % params.values


@jit
def _deal_both(env: Record, params: Record) -> None:
    env.value = _value(params, deal(env))
    env.query = _value(params, env.queries[env.left])
    env.counts[env.value] += 1


@jit
def _start(env: Record, params: Record) -> None:
    shuffle_deck(env.rng, env.deck, params.cards)
    shuffle_deck(env.rng, env.queries, params.cards)
    env.left = params.cards
    env.counts[:] = 0
    _deal_both(env, params)


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    is_right = action[0] == env.counts[env.query]
    _deal_both(env, params)
    end_episode(env, env.left == 0, False)
    scale = 1 / (params.cards - 1)
    return scale if is_right else -scale


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    vector[0] = env.value
    vector[1] = env.query


_STEP_BATCH = compile_step_batch(_start, _advance, describe=_describe)


@final
class POPGymCountRecall(POPGymTask):
    """Say how often a value was dealt so far: several counts at once.

    ## Task
    Cards are dealt from 1, 2 or 4 shuffled decks of 52, of which only the colour (easy), the suit (medium) or the
    rank (hard) counts. A second deck asks at every step for a value: how many cards of it were dealt, the present one
    included?

    ## Actions
    `Discrete(27)`, `Discrete(27)` or `Discrete(17)`: the count.

    ## Observations
    `MultiDiscrete([v, v])` with v = 2, 4 or 13 values: that of the present card, and the one that is asked for.

    ## Rewards
    1 / (cards - 1) for the right count, and as much less for a wrong one. Of a value that is asked for, and is not that
    of the present card, all counts but the highest are equally likely at a random step, and all but 0 if it is. So the
    best memoryless policy says 1 at every step, and with v values and m cards of each is right at
    1 + (1 - 1 / v) cards / (m + 1) steps on average.

    | | easy | medium | hard |
    |---|---|---|---|
    | optimum | 1 | 1 | 1 |
    | memoryless optimum | -0.923 | -0.924 | -0.881 |

    ## Start
    With the first card.

    ## End
    With the last card, after 51, 103 or 207 steps. Infos at the end: `reward` (the return) and `length`.

    ## Arguments
    `difficulty`, `previous_action`, `antialias`; the others are explained at `BatchedEnv`.

    ## Source
    Morad et al., POPGym: Benchmarking Partially Observable Reinforcement Learning (ICLR 2023), version 1.0.7.

    ## Differences
    POPGym's infos hold the counts, that is, the answers; these do not. Next-step autoreset.
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
        easy = {"cards": CARDS, "values": COLOURS}
        medium = {"cards": 2 * CARDS, "values": SUITS}
        hard = {"cards": _MAX_DECKS * CARDS, "values": RANKS}
        sizes = choose_sizes(difficulty, easy, medium, hard)
        values = int(sizes["values"])
        most = int(sizes["cards"]) // values
        state = [
            deck_field(_MAX_DECKS),
            deck_field(_MAX_DECKS, "queries"),
            Field("left", low=0, high=sizes["cards"]),
            Field("counts", np.int64, 0, sizes["cards"], (RANKS,)),
            Field("value", low=0, high=values - 1),
            Field("query", low=0, high=values - 1),
        ]
        super().__init__(MultiDiscrete([values] * 2), Discrete(most + 1), _STEP_BATCH, locals(), state, sizes)
