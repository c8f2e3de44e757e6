"""Repeat Previous of POPGym: name the suit of k cards ago."""

from collections.abc import Mapping
from typing import Any, final

from gymnasium.spaces import Discrete

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
    env.shown = deal(env) % SUITS


@jit
def _advance(env: Record, params: Record, action: Array) -> float:
    reward = 0.0
    if params.cards - env.left >= params.k:
        scale = 1 / (params.cards - params.k)
        reward = scale if action[0] == env.deck[env.left + params.k - 1] % SUITS else -scale
    end_episode(env, env.left == 1, False)
    env.shown = deal(env) % SUITS
    return reward


@jit
def _describe(env: Record, params: Record, scene: Any, vector: Array) -> None:
    vector[0] = env.shown


_STEP_BATCH = compile_step_batch(_start, _advance, describe=_describe)


@final
class POPGymRepeatPrevious(POPGymTask):
    """Name the suit of k cards ago: a window of the past, always moving.

    ## Task
    Cards are dealt from 1 (easy), 2 (medium) or 3 (hard) shuffled decks of 52. Once k = 4, 32 or 64 cards are dealt,
    name at every step the suit of the k-th last, the present card being the first of them.

    ## Actions
    `Discrete(4)`: the suit.

    ## Observations
    `Discrete(4)`: the suit of the present card.

    ## Rewards
    0 until k cards are dealt, then 1 / (cards - k) for the right suit and as much less for a wrong one. The suits of
    two cards are alike a little less often than by chance. So the best memoryless policy names another suit than the
    present one, and returns -1/2 + 1 / (2 (cards - 1)).

    | | easy | medium | hard |
    |---|---|---|---|
    | optimum | 1 | 1 | 1 |
    | memoryless optimum | -0.490 | -0.495 | -0.497 |

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
        easy = {"k": 4, "cards": CARDS}
        medium = {"k": 32, "cards": 2 * CARDS}
        hard = {"k": 64, "cards": _MAX_DECKS * CARDS}
        sizes = choose_sizes(difficulty, easy, medium, hard)
        state = [
            deck_field(_MAX_DECKS),
            Field("left", low=0, high=sizes["cards"]),
            Field("shown", low=0, high=SUITS - 1),
        ]
        super().__init__(Discrete(SUITS), Discrete(SUITS), _STEP_BATCH, locals(), state, sizes)
