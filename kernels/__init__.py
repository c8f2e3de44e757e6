"""Computational cores of the memories: each a reference, its fast form, and one public function."""

from .gru_loop import gru_loop
from .hippo_cell_loop import hippo_cell_loop
from .hippo_loop import hippo_loop
from .lstm_loop import lstm_loop
from .window_attention import window_attention

__all__ = ["gru_loop", "hippo_cell_loop", "hippo_loop", "lstm_loop", "window_attention"]
