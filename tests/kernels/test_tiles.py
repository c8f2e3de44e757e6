"""The activations of the Triton kernels are those of torch to the last digits, also near 0."""

import pytest
import torch

pytest.importorskip("triton", reason="triton is not installed")

import triton
import triton.language as tl

from memorl.kernels.common.gpu.tiles import tanh
from tests.support.gpu import DEVICES


@triton.jit
def apply_tanh(x, y, n: tl.constexpr):  # type: ignore[no-untyped-def]
    place = tl.arange(0, n)
    tl.store(y + place, tanh(tl.load(x + place)))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 5e-7), (torch.float64, 1e-14)])
def test_tanh_has_the_relative_accuracy_of_its_precision(dtype: torch.dtype, tolerance: float, device: str) -> None:
    positive = torch.logspace(-30, 1.6, 510, dtype=torch.float64)
    border = torch.tensor([0.0, 0.5, 0.4999999, 0.25], dtype=torch.float64)
    x = torch.cat([positive, -positive, border]).to(dtype)
    y = torch.empty_like(x)
    apply_tanh[1,](x.to(device), (out := y.to(device)), x.numel())
    expected = x.double().tanh()
    error = (out.cpu().double() - expected).abs()
    assert (error <= tolerance * expected.abs()).all()


@pytest.mark.parametrize("device", DEVICES)
def test_tanh_keeps_a_nan(device: str) -> None:
    x = torch.full((4,), float("nan"), device=device)
    y = torch.zeros(4, device=device)
    apply_tanh[1,](x, y, 4)
    assert y.isnan().all()
