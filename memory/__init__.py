"""Memories: sequence modules with an explicit state and episode starts. Needs torch and nothing else."""

from .base import Memory, State, concat, select, unroll, where_first
from .block import Block
from .deep import Deep
from .frame_stack import FrameStack
from .from_cell import FromCell
from .gru import GRU
from .hippo import HiPPO
from .hippo_linear import HiPPOLinear
from .lstm import LSTM
from .none import NoMemory
from .stack import Stack
from .trxl import TrXL

__all__ = [
    "GRU",
    "LSTM",
    "Block",
    "Deep",
    "FrameStack",
    "FromCell",
    "HiPPO",
    "HiPPOLinear",
    "Memory",
    "NoMemory",
    "Stack",
    "State",
    "TrXL",
    "concat",
    "select",
    "unroll",
    "where_first",
]
