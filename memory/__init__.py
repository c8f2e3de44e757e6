"""Memories: sequence modules with an explicit state and episode starts. Needs torch and nothing else."""

from .base import Memory, State, concat, select, unroll, where_first
from .compose.as_gru import AsGRU
from .compose.as_lstm import AsLSTM
from .compose.block import Block
from .compose.deep import Deep
from .compose.from_cell import FromCell
from .compose.make import make, memory_names
from .compose.parallel import Parallel
from .compose.stack import Stack
from .diagonal_gru import DiagonalGRU
from .diagonal_lstm import DiagonalLSTM
from .elstm import ELSTM
from .frame_stack import FrameStack
from .gru import GRU
from .hippo import HiPPO
from .hippo_linear import HiPPOLinear
from .indrnn import IndRNN
from .lru import LRU
from .lstm import LSTM
from .mingru import MinGRU
from .none import NoMemory
from .rtu import RTU
from .trxl import TrXL

__all__ = [
    "ELSTM",
    "GRU",
    "LRU",
    "LSTM",
    "RTU",
    "AsGRU",
    "AsLSTM",
    "Block",
    "Deep",
    "DiagonalGRU",
    "DiagonalLSTM",
    "FrameStack",
    "FromCell",
    "HiPPO",
    "HiPPOLinear",
    "IndRNN",
    "Memory",
    "MinGRU",
    "NoMemory",
    "Parallel",
    "Stack",
    "State",
    "TrXL",
    "concat",
    "make",
    "memory_names",
    "select",
    "unroll",
    "where_first",
]
