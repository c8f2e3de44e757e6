"""Memories: sequence modules with an explicit state and episode starts. Needs torch and nothing else."""

from .base import Memory, State, concat, select, unroll, where_first
from .frame_stack import FrameStack
from .from_cell import FromCell
from .gru import GRU
from .lstm import LSTM
from .none import NoMemory
from .trxl import TrXL

__all__ = [
    "GRU",
    "LSTM",
    "FrameStack",
    "FromCell",
    "Memory",
    "NoMemory",
    "State",
    "TrXL",
    "concat",
    "select",
    "unroll",
    "where_first",
]
