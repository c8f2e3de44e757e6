"""Repeat First of POPGym: name the suit of the first card at every step."""

from collections.abc import Mapping
from typing import Any, final

from gymnasium.spaces import Discrete

from memorl.envs.engine.episodes import end_episode
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch

from .deck import CARDS, SUITS, deal, deck_field, shuffle_deck
from .task import Difficulty, POPGymTask, choose_sizes

_MAX_DECKS = 16


@jit
def _start(env: Record, params: Record) -> None:
    shuffle_deck(env.rng, env.deck, params.cards)
    env.left = params.cards
    env.first = deal(env) % SUITS
    env.shown = env.first


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    scale = 1 / (params.cards - 1)
    reward = scale if action[0] == env.first else -scale
    end_episode(env, env.left == 1, False)
    env.shown = deal(env) % SUITS
    return reward


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    vector[0] = env.shown


_STEP_BATCH = compile_step_batch(_start, _advance, describe=_describe)


@final
class POPGymRepeatFirst(POPGymTask):
    """Name the suit of the first card at every step: one thing, remembered for long.

    ## Task
    Cards are dealt from 1 (easy), 8 (medium) or 16 (hard) shuffled decks of 52. Name at every step the suit of the
    first.

    ## Actions
    `Discrete(4)`: the suit.

    ## Observations
    `Discrete(4)`: the suit of the present card.

    ## Rewards
    1 / (cards - 1) for the right suit, and as much less for a wrong one. The first step alone shows what to name, and a
    later card says that its suit is a little less likely. Of both the first weighs more, by 1 / (cards - 1): the best
    memoryless policy names the suit that is shown, and returns -1/2 + 3 / (2 (cards - 1)^2).

    | | easy | medium | hard |
    |---|---|---|---|
    | optimum | 1 | 1 | 1 |
    | memoryless optimum | -0.499 | -0.500 | -0.500 |

    ## Start
    With the first card.

    ## End
    With the last card, after 51, 415 or 831 steps. Infos at the end: `reward` (the return) and `length`.

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
        sizes = choose_sizes(difficulty, {"cards": CARDS}, {"cards": 8 * CARDS}, {"cards": _MAX_DECKS * CARDS})
        state = [
            deck_field(_MAX_DECKS),
            Field("left", low=0, high=sizes["cards"]),
            Field("first", low=0, high=SUITS - 1),
            Field("shown", low=0, high=SUITS - 1),
        ]
        super().__init__(Discrete(SUITS), Discrete(SUITS), _STEP_BATCH, locals(), state, sizes)
