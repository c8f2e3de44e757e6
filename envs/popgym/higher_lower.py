"""Higher Lower of POPGym: is the next card higher or lower?"""

from collections.abc import Mapping
from typing import Any, final

from gymnasium.spaces import Discrete

from memorl.envs.engine.episodes import end_episode
from memorl.envs.engine.fields import Array, Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.loop import compile_step_batch

from .deck import CARDS, RANKS, deal, deck_field, rank, shuffle_deck
from .task import Difficulty, POPGymTask, choose_sizes

_MAX_DECKS = 3


@jit
def _start(env: Record, params: Record) -> None:
    shuffle_deck(env.rng, env.deck, params.cards)
    env.left = params.cards
    env.shown = rank(deal(env))


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    before = env.shown
    end_episode(env, env.left == 1, False)
    env.shown = rank(deal(env))
    if env.shown == before:
        return 0.0
    scale = 1 / params.cards
    return scale if (env.shown > before) == (action[0] == 0) else -scale


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    vector[0] = env.shown


_STEP_BATCH = compile_step_batch(_start, _advance, describe=_describe)


@final
class POPGymHigherLower(POPGymTask):
    """Guess whether the next card is higher or lower: counting cards helps a little.

    ## Task
    Cards are dealt from 1 (easy), 2 (medium) or 3 (hard) shuffled decks of 52. Guess at every step whether the rank of
    the next card is higher or lower than that of the present one.

    ## Actions
    `Discrete(2)`: 0 higher, 1 lower.

    ## Observations
    `Discrete(13)`: the rank of the present card, from the ace (0) to the king (12).

    ## Rewards
    1 / cards for a right guess, as much less for a wrong one, 0 if the ranks are equal. The best policy counts the
    cards that are left. The best memoryless one guesses towards the middle, and returns 84/169 with any number of
    decks.

    | | easy | medium | hard |
    |---|---|---|---|
    | optimum | 0.528 | 0.516 | 0.511 |
    | memoryless optimum | 0.497 | 0.497 | 0.497 |

    ## Start
    With the first card.

    ## End
    With the last card, after 51, 103 or 155 steps. Infos at the end: `reward` (the return) and `length`.

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
        sizes = choose_sizes(difficulty, {"cards": CARDS}, {"cards": 2 * CARDS}, {"cards": _MAX_DECKS * CARDS})
        state = [
            deck_field(_MAX_DECKS),
            Field("left", low=0, high=sizes["cards"]),
            Field("shown", low=0, high=RANKS - 1),
        ]
        super().__init__(Discrete(RANKS), Discrete(2), _STEP_BATCH, locals(), state, sizes)
