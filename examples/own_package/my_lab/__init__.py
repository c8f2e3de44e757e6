"""Parts for memorl in a package of one's own."""

import gymnasium

from .corridor import Corridor
from .kl_penalty import KLPenalty
from .leaky import Leaky
from .sign_encoder import SignEncoder

__all__ = ["Corridor", "KLPenalty", "Leaky", "SignEncoder"]

gymnasium.register("Corridor-v0", Corridor)
