"""Computational cores of the memories: a folder each, with a reference, its backends, and one public function."""

from .attention.attention import window_attention
from .attention.reference import window_weights
from .attention.step import window_append, window_step
from .common.backend import is_transformed
from .common.resets import masked_products, previous_states, steps_since_start, zero_rows_
from .diagonal.cells import diagonal_derivatives
from .diagonal.diagonal import diagonal_loop
from .elementwise.elementwise import elementwise_loop
from .elstm.elstm import elstm_loop
from .gru.gru import gru_loop
from .hippo.cell import hippo_cell_loop
from .hippo.hippo import hippo_loop
from .lstm.layer import lstm_layer
from .lstm.lstm import lstm_loop
from .rtrl.numba_products import begins_later, suffix_weighted, times
from .rtrl.torch_products import suffix_products
from .scan.reverse import reverse_scan
from .scan.scan import diag_scan

__all__ = [
    "begins_later",
    "diag_scan",
    "diagonal_derivatives",
    "diagonal_loop",
    "elementwise_loop",
    "elstm_loop",
    "gru_loop",
    "hippo_cell_loop",
    "hippo_loop",
    "is_transformed",
    "lstm_layer",
    "lstm_loop",
    "masked_products",
    "previous_states",
    "reverse_scan",
    "steps_since_start",
    "suffix_products",
    "suffix_weighted",
    "times",
    "window_append",
    "window_attention",
    "window_step",
    "window_weights",
    "zero_rows_",
]
