"""Computational cores of the memories: each a reference, its fast form, and one public function."""

from .gru_loop import gru_loop
from .lstm_layer import lstm_layer
from .lstm_loop import lstm_loop

__all__ = ["gru_loop", "lstm_layer", "lstm_loop"]
