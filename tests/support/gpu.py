"""Where Triton kernels are tested: through the interpreter, and on a GPU where there is one."""

import pytest
import torch

pytest.importorskip("triton", reason="triton is not installed")

from memorl.kernels.common.gpu.tiles import INTERPRETED

GPU = torch.cuda.is_available()

DEVICES = [
    pytest.param("cpu", marks=pytest.mark.skipif(not INTERPRETED, reason="the interpreter is off")),
    pytest.param("cuda", marks=[pytest.mark.gpu, pytest.mark.skipif(not GPU, reason="no GPU")]),
]
