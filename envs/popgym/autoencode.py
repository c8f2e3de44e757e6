"""Autoencode of POPGym: watch a deck of cards, then name their suits backwards."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from gymnasium.spaces import Discrete, MultiDiscrete

from memorl.envs.engine.episodes import end_episode
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch

from .deck import CARDS, SUITS, deal, deck_field, shuffle_deck
from .task import Difficulty, POPGymTask, choose_sizes

_MAX_DECKS = 3


@jit
def _start(env: Record, params: Record) -> None:
    shuffle_deck(env.rng, env.deck, params.cards)
    env.left = params.cards
    env.named = 0
    env.watches = True
    env.shown = deal(env) % SUITS


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    if env.watches:
        env.shown = deal(env) % SUITS
        env.watches = env.left > 0
        end_episode(env, False, False)
        return 0.0
    scale = 1 / params.cards
    reward = scale if action[0] == env.deck[env.named] % SUITS else -scale
    end_episode(env, env.named == params.cards - 1, False)
    env.named += 1
    env.shown = 0
    return reward


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    vector[0] = env.watches
    vector[1] = env.shown


_STEP_BATCH = compile_step_batch(_start, _advance, describe=_describe)


@final
class POPGymAutoencode(POPGymTask):
    """Watch cards, then name their suits backwards: how many things a memory holds.

    ## Task
    All cards of 1 (easy), 2 (medium) or 3 (hard) shuffled decks of 52 are dealt one after the other. Then name their
    suits, the last card first.

    ## Actions
    `Discrete(4)`: the suit. Ignored while cards are dealt.

    ## Observations
    `MultiDiscrete([2, 4])`: 1 while more cards are to come, else 0; and the suit of the present card. The last card
    comes with 0, and answers the first question; after it the suit is 0.

    ## Rewards
    1 / cards for the right suit, and as much less for a wrong one, while they are named. The first answer is in sight.
    The other questions look alike, and the first does too where its suit is 0. So the best memoryless policy names the
    suit that is shown, and returns 3 / (2 cards) - 1/2.

    | | easy | medium | hard |
    |---|---|---|---|
    | optimum | 1 | 1 | 1 |
    | memoryless optimum | -0.471 | -0.486 | -0.490 |

    ## Start
    With the first card.

    ## End
    After 103, 207 or 311 steps. Infos at the end: `reward` (the return) and `length`.

    ## Arguments
    `difficulty`, `previous_action`, `antialias`; the others are explained at `BatchedEnv`.

    ## Source
    Morad et al., POPGym: Benchmarking Partially Observable Reinforcement Learning (ICLR 2023), version 1.0.7.

    ## Differences
    The two parts of an observation are one array, where POPGym has a tuple. Next-step autoreset.
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
        sizes = choose_sizes(difficulty, {"cards": CARDS}, {"cards": 2 * CARDS}, {"cards": _MAX_DECKS * CARDS})
        state = [
            deck_field(_MAX_DECKS),
            Field("left", low=0, high=sizes["cards"]),
            Field("named", low=0, high=sizes["cards"]),
            Field("watches", np.bool_),
            Field("shown", low=0, high=SUITS - 1),
        ]
        super().__init__(MultiDiscrete([2, SUITS]), Discrete(SUITS), _STEP_BATCH, locals(), state, sizes)
