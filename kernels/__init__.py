"""Computational cores of the memories: each a reference, its fast form, and one public function."""

from .diag_scan import diag_scan
from .diagonal_loop import diagonal_loop
from .elementwise_loop import elementwise_loop
from .elstm_loop import elstm_loop
from .gru_loop import gru_loop
from .hippo_cell_loop import hippo_cell_loop
from .hippo_loop import hippo_loop
from .lstm_layer import lstm_layer
from .lstm_loop import lstm_loop
from .reverse_scan import reverse_scan
from .suffix_products import suffix_products
from .suffix_weighted import suffix_weighted
from .window_attention import window_attention

__all__ = [
    "diag_scan",
    "diagonal_loop",
    "elementwise_loop",
    "elstm_loop",
    "gru_loop",
    "hippo_cell_loop",
    "hippo_loop",
    "lstm_layer",
    "lstm_loop",
    "reverse_scan",
    "suffix_products",
    "suffix_weighted",
    "window_attention",
]
