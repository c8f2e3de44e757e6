"""A shuffled deck of cards, dealt from its end.

Card c of a deck of several decks of 52 has the colour c mod 2, the suit c mod 4 and the rank (c mod 52) div 4.
"""

import numpy as np

from memorl.envs.engine.draws import shuffle
from memorl.envs.engine.fields import Field
from memorl.envs.engine.jit import Record, jit
from memorl.envs.engine.rng import Rng

CARDS = 52
COLOURS = 2
SUITS = 4
RANKS = 13


def deck_field(decks: int, name: str = "deck") -> Field:
    """Return the field of a deck made of at most so many decks of 52 cards."""
    return Field(name, np.int16, 0, CARDS * decks - 1, (CARDS * decks,))


@jit
def shuffle_deck(rng: Rng, deck: np.ndarray, cards: int) -> None:
    """Put so many cards into a deck, and shuffle it."""
    for card in range(cards):
        deck[card] = card
    shuffle(rng, deck[:cards])


@jit
def deal(env: Record) -> int:
    """Take the last card that is left in the deck of an env."""
    env.left -= 1
    return env.deck[env.left]


@jit
def rank(card: int) -> int:
    """Return the rank of a card."""
    return card % CARDS // SUITS
