"""The layer equals its reference with as many fused calls as may be, and without any."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from memorl.kernels import lstm_layer
from memorl.kernels.lstm import onednn_layer
from memorl.kernels.lstm.reference import lstm_loop_reference

MODULE = onednn_layer
fused = partial(lstm_layer, backend="onednn")
FUSED = pytest.mark.skipif(
    not MODULE.can_fuse(torch.ones(MODULE.MIN_CALLS)), reason="this torch has no fused LSTM of oneDNN"
)


def reference(x: Tensor, h: Tensor, c: Tensor, first: Tensor, w: Tensor, u: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    y, cells = lstm_loop_reference(F.linear(x, w, b), h, c, first, u)
    return y, cells[-1]


def arguments(T: int, B: int, D: int, H: int, starts: float) -> list[Tensor]:
    def leaf(*shape: int) -> Tensor:
        return (torch.randn(*shape) / (shape[1] ** 0.5 if shape[0] == 4 * H else 1)).requires_grad_()

    first = torch.rand(T, B) < starts
    return [
        leaf(T, B, D),
        leaf(B, H),
        leaf(B, H),
        first,
        leaf(4 * H, D),
        leaf(4 * H, H),
        torch.randn(4 * H, requires_grad=True),
    ]


def run(core, args: list[Tensor], dy: Tensor, dc: Tensor) -> list[Tensor]:  # type: ignore[no-untyped-def]
    outputs = core(*args)
    return [*outputs, *torch.autograd.grad(outputs, [a for a in args if a.requires_grad], [dy, dc])]


@FUSED
@pytest.mark.parametrize("waste", [0, 5, 10**9])
@pytest.mark.parametrize(
    ("T", "B", "D", "H", "starts"),
    [(128, 3, 48, 32, 0.05), (16, 33, 5, 7, 0.3), (9, 1, 3, 100, 0.0), (40, 5, 8, 16, 1.0)],
)
def test_equals_the_reference(
    T: int, B: int, D: int, H: int, starts: float, waste: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MODULE, "MAX_PADDING", waste)
    args, dy, dc = arguments(T, B, D, H, starts), torch.randn(T, B, H), torch.randn(B, H)
    exact = [a.detach().double().requires_grad_() if a.requires_grad else a for a in args]
    expected = run(reference, exact, dy.double(), dc.double())
    for a, b in zip(run(fused, args, dy, dc), expected, strict=True):
        assert (a - b).norm() <= 1e-5 * b.norm()
    with torch.no_grad():
        assert torch.equal(fused(*args)[0], fused(*args)[0])
    for a, b in zip(run(lstm_layer, exact, dy.double(), dc.double()), expected, strict=True):
        torch.testing.assert_close(a, b)


@FUSED
def test_what_lies_before_a_start_does_not_matter() -> None:
    args, dy, dc = arguments(16, 3, 4, 5, 0.1), torch.randn(16, 3, 5), torch.randn(3, 5)
    args[3][0] = True
    clean = run(fused, args, dy, dc)
    args[1], args[2] = (torch.full_like(a, float("nan")).requires_grad_() for a in args[1:3])
    for a, b in zip(run(fused, args, dy, dc), clean, strict=True):
        assert torch.equal(a, b)
    args[3][7] = True
    args[0].data[:7] = float("nan")
    y, c = fused(*args)
    assert y[:7].isnan().any()
    assert y[7:].isfinite().all()
    assert c.isfinite().all()


@FUSED
def test_odd_layouts_of_what_comes_in() -> None:
    args, dy, dc = arguments(9, 2, 3, 4, 0.3), torch.randn(9, 2, 1), torch.randn(2, 1)
    expected = run(fused, args, dy.expand(9, 2, 4).contiguous(), dc.expand(2, 4).contiguous())
    strided = [a if a.dtype == torch.bool else a.detach().mT.contiguous().mT.requires_grad_() for a in args[:6]]
    for a, b in zip(run(fused, [*strided, args[6]], dy.expand(9, 2, 4), dc.expand(2, 4)), expected, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("sizes", [[1], [5] * 9, list(range(40, 0, -1)), [300, 3, 3, 2, 1]])
def test_the_calls_cover_every_place_and_waste_little(sizes: list[int]) -> None:
    calls = MODULE.split_calls(sizes)
    rows = [n for steps, n in calls for _ in range(steps)]
    assert len(rows) == len(sizes)
    assert all(n >= size for n, size in zip(rows, sizes, strict=True))
    assert sum(rows) - sum(sizes) <= MODULE.MAX_PADDING * len(calls)


@FUSED
def test_a_named_form_is_that_one_or_an_error() -> None:
    args = arguments(9, 2, 3, 4, 0.3)
    for form in ("onednn", "torch"):
        torch.testing.assert_close(lstm_layer(*args, backend=form), lstm_layer(*args))
    with pytest.raises(ValueError, match="backend is 'onednn', but it takes float32"):
        lstm_layer(*(a if a.dtype == torch.bool else a.double() for a in args), backend="onednn")
    with pytest.raises(ValueError, match="backend is 'fast'"):
        lstm_layer(*args, backend="fast")
