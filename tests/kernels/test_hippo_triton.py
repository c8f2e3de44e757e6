"""HiPPO's loop in Triton equals its reference; see `test_triton` for what the interpreter shows."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from memorl.kernels import hippo_loop
from memorl.kernels import steps_since_start as seen
from memorl.kernels.hippo.reference import hippo_loop_reference
from tests.support.cores import outputs_and_gradients, poisoned, relative
from tests.support.gpu import DEVICES, GPU

KINDS = ("euler", "backward_euler", "bilinear", "window")
triton = partial(hippo_loop, backend="triton")


def exact(kind: str, T: int = 3, B: int = 3, C: int = 2, N: int = 5) -> tuple[Any, ...]:
    """Arguments in float64."""
    torch.set_default_dtype(torch.float64)
    try:
        window = torch.randn(N, N) / N**0.5 / 2 if kind == "window" else None
        first = torch.rand(T, B) < 0.2
        leaves = torch.randn(T, B, C, requires_grad=True), torch.randn(B, C, N, requires_grad=True)
        k = seen(first, torch.randint(0, 900, (B,)).double())
        return *leaves, first, k, window, "bilinear" if kind == "window" else kind
    finally:
        torch.set_default_dtype(torch.float32)


def put(args: tuple[Any, ...], device: str) -> tuple[Any, ...]:
    """The arguments in float32, on a device, as leaves."""
    return tuple(
        a if not isinstance(a, Tensor) else a.to(device) if a.dtype == torch.bool
        else a.detach().float().to(device).requires_grad_(a.requires_grad) for a in args
    )  # fmt: skip


def error(kind: str, device: str, *sizes: int) -> float:
    """The largest relative error of the output or a gradient."""
    args = exact(kind, *sizes)
    given = torch.randn(*args[0].shape, args[1].shape[2], dtype=torch.float64)
    rough = outputs_and_gradients(triton, put(args, device), [given.float().to(device)])
    return relative(rough, outputs_and_gradients(hippo_loop_reference, args, [given]))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (7, 3, 2, 5), (2, 3, 7, 9)])
def test_equals_the_reference(kind: str, sizes: tuple[int, ...], device: str) -> None:
    assert error(kind, device, *sizes) <= 1e-5


@pytest.mark.gpu
@pytest.mark.skipif(not GPU, reason="no GPU")
@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.parametrize("sizes", [(128, 33, 16, 32), (63, 7, 3, 48), (300, 2, 5, 64)])
def test_equals_the_reference_when_large(kind: str, sizes: tuple[int, ...]) -> None:
    assert error(kind, "cuda", *sizes) <= 1e-4


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", KINDS[2:])
def test_what_lies_before_a_start_does_not_matter(kind: str, device: str) -> None:
    u, c, first, k, *rest = put(exact(kind), device)
    first[0], k = True, seen(first, k.new_zeros(3))
    given = [torch.ones(3, 3, 2, 5, device=device)]
    clean = outputs_and_gradients(triton, (u, c, first, k, *rest), given)
    spoilt = (u, torch.full_like(c, float("nan")).requires_grad_(), first, k, *rest)
    for a, b in zip(clean, outputs_and_gradients(triton, spoilt, given), strict=True):
        assert torch.equal(a, b)
    assert clean[-1].abs().max() == 0
    first[2] = True
    u.data[:2] = float("nan")
    y = triton(u, c, first, seen(first, k.new_zeros(3)), *rest)
    assert y[:2].isnan().any(-1).all()
    assert y[2].isfinite().all()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", KINDS[2:])
def test_the_operator_is_well_formed(kind: str, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when compiled, of strided gradients, and where fresh memory holds NaN."""
    args = put(exact(kind, 2), device)
    given = [torch.randn(2, 5, 3, 2, device=device).permute(0, 2, 3, 1)]
    plain = outputs_and_gradients(triton, args, given)
    torch.library.opcheck(torch.ops.memorl.hippo_loop_triton, args)
    torch.compiler.reset()
    compiled = torch.compile(triton, fullgraph=True, backend="aot_eager")
    monkeypatch.setattr(Tensor, "new_empty", poisoned(Tensor.new_empty))
    again = outputs_and_gradients(triton, args, given)
    monkeypatch.undo()
    for a, b, c in zip(plain, again, outputs_and_gradients(compiled, args, given), strict=True):
        assert torch.equal(a, b)
        assert torch.equal(a, c)


@pytest.mark.parametrize(
    ("sizes", "window", "scheme", "says"),
    [((1, 1, 1, 2), False, "zoh", "the scheme is zoh"), ((1, 1, 1, 65), True, "bilinear", "the order is 65")],
)
def test_what_it_cannot_run_is_refused(sizes: tuple[int, ...], window: bool, scheme: str, says: str) -> None:
    args = put(exact("window" if window else "bilinear", *sizes), "cpu")
    assert hippo_loop(*args[:-1], scheme).isfinite().all()
    with pytest.raises(ValueError, match=f"backend is 'triton', but {says}"):
        triton(*args[:-1], scheme)


def test_a_named_form_is_that_one_or_an_error() -> None:
    args = exact("bilinear")
    assert torch.equal(hippo_loop(*args, backend="reference"), hippo_loop_reference(*args))
    assert torch.equal(hippo_loop(*args, backend="torch"), hippo_loop(*args))
    with pytest.raises(ValueError, match="backend is 'loop'"):
        hippo_loop(*args, backend="loop")
