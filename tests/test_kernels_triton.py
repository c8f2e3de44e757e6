"""The Triton kernels equal the references: through the interpreter where there is no GPU, and on one where there is.

The interpreter runs programs one after another, so it shows neither races nor what does not compile. For the latter
the kernels are also compiled, for GPUs that need not be there.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial

import pytest
import torch
from test_kernels import CORES, arguments, run
from torch import Tensor

GPU = torch.cuda.is_available()
pytest.importorskip("triton", reason="triton is not installed")

from memorl.kernels.triton_tiles import INTERPRETED  # noqa: E402

DEVICES = [
    pytest.param("cpu", marks=pytest.mark.skipif(not INTERPRETED, reason="the interpreter is off")),
    pytest.param("cuda", marks=[pytest.mark.gpu, pytest.mark.skipif(not GPU, reason="no GPU")]),
]
SIZES = [(1, 1, 1, 0.0), (2, 3, 16, 0.3), (3, 33, 5, 0.3), (5, 2, 40, 0.0), (5, 2, 40, 1.0), (17, 1, 16, 0.1)]
LARGE = [
    (63, 1, 16, 0.1),
    (1, 257, 256, 0.3),
    (7, 33, 100, 1.0),
    (128, 257, 256, 0.03),
    (300, 5, 512, 0.0),
    (63, 1, 48, 0.1),
]


@pytest.fixture(params=["gru_loop", "lstm_loop"])
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def triton(name: str) -> Callable[..., Tensor | tuple[Tensor, ...]]:
    return partial(CORES[name][0], backend="triton")


def put(args: list[Tensor], device: str) -> list[Tensor]:
    """The arguments in float32, on a device, as leaves."""
    return [a.to(device) if a.dtype == torch.bool else a.detach().float().to(device).requires_grad_() for a in args]


def error(name: str, device: str, T: int, B: int, H: int, starts: float, weight: torch.dtype = torch.float32) -> float:
    """The largest relative error of an output or gradient against the reference in float64."""
    exact = arguments(name, T, B, H, starts)
    args = put(exact, device)
    i = len(args) - (2 if name == "gru_loop" else 1)
    args[i] = args[i].detach().to(weight).requires_grad_()
    weights = [torch.randn(T, B, H, dtype=torch.float64) for _ in range(1 if name == "gru_loop" else 2)]
    rough = run(triton(name), args, [w.float().to(device) for w in weights])
    pairs = zip(rough, run(CORES[name][1], exact, weights), strict=True)
    return max(float((a.detach().cpu() - b).norm().detach() / b.norm().detach().clamp_min(1e-30)) for a, b in pairs)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("T", "B", "H", "starts"), SIZES)
def test_equals_the_reference(name: str, T: int, B: int, H: int, starts: float, device: str) -> None:
    assert error(name, device, T, B, H, starts) <= 1e-5


@pytest.mark.gpu
@pytest.mark.skipif(not GPU, reason="no GPU")
@pytest.mark.parametrize(("T", "B", "H", "starts"), LARGE)
def test_equals_the_reference_when_large(name: str, T: int, B: int, H: int, starts: float) -> None:
    assert error(name, "cuda", T, B, H, starts) <= (1e-5 if T <= 128 else 1e-4)
    assert error(name, "cuda", T, B, H, starts, torch.bfloat16) <= 2e-2
    torch.set_float32_matmul_precision("high")
    try:
        assert error(name, "cuda", T, B, H, starts) <= 2e-3
    finally:
        torch.set_float32_matmul_precision("highest")


@pytest.mark.parametrize("device", DEVICES)
def test_what_lies_before_a_start_does_not_matter(name: str, device: str) -> None:
    args = put(arguments(name, 4, 3, 5, 0.0), device)
    states = range(1, 2 if name == "gru_loop" else 3)
    first = args[states.stop]
    first[0] = True
    clean = run(triton(name), args)
    for i in states:
        args[i] = torch.full_like(args[i], float("nan")).requires_grad_()
    spoilt = run(triton(name), args)
    for a, b in zip(clean, spoilt, strict=True):
        assert torch.equal(a, b)
    assert all(spoilt[len(states) + i].abs().max() == 0 for i in states)
    first[2] = True
    args[0].data[:2] = float("nan")
    out = triton(name)(*args)
    for y in [out] if isinstance(out, Tensor) else out:
        assert y[:2].isnan().all()
        assert y[2:].isfinite().all()


@pytest.mark.parametrize("device", DEVICES)
def test_odd_layouts_and_no_gradient_for_the_cells(name: str, device: str) -> None:
    args = put(arguments(name, 3, 2, 4, 0.3), device)
    strided = [
        a.t().contiguous().t() if a.dtype == torch.bool else a.detach().mT.contiguous().mT.requires_grad_()
        if a.dim() > 1 else a for a in args
    ]  # fmt: skip
    wanted = [a for a in args if a.requires_grad]
    also = [a for a in strided if a.requires_grad]
    for given in (torch.randn(1, 1, 1, device=device).expand(3, 2, 4), torch.randn(2, 3, 4, device=device).mT.mT):
        given = given if given.shape[0] == 3 else given.transpose(0, 1)
        out, odd = (CORES[name][0](*args, backend="packed"), triton(name)(*strided))
        y, y_odd = (out, odd) if isinstance(out, Tensor) else (out[0], odd[0])
        kept = given.clone()
        expected = torch.autograd.grad(y, wanted, given)
        for a, b in zip(torch.autograd.grad(y_odd, also, given), expected, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
        assert torch.equal(given, kept)


@pytest.mark.parametrize("device", DEVICES)
def test_the_operator_is_well_formed(name: str, device: str) -> None:
    args = put(arguments(name, 2, 2, 3, 0.3), device)
    triton(name)(*args)
    torch.library.opcheck(getattr(torch.ops.memorl, f"{name}_triton"), tuple(args))


@pytest.mark.parametrize("device", DEVICES)
def test_compiles_whole(name: str, device: str) -> None:
    args = put(arguments(name, 3, 2, 4, 0.3), device)
    compiled = torch.compile(triton(name), fullgraph=True, backend="aot_eager")
    for a, b in zip(run(compiled, args), run(triton(name), args), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("device", DEVICES)
def test_nothing_uninitialised_is_read(name: str, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    args = put(arguments(name, 3, 2, 5, 0.2), device)
    expected = run(triton(name), args)

    def poisoned(real: Callable[..., Tensor]) -> Callable[..., Tensor]:
        return lambda *a, **k: real(*a, **k).fill_(float("nan"))

    monkeypatch.setattr(torch, "empty_like", poisoned(torch.empty_like))
    monkeypatch.setattr(Tensor, "new_empty", poisoned(Tensor.new_empty))
    for a, b in zip(run(triton(name), args), expected, strict=True):
        assert torch.equal(a, b)


@pytest.mark.gpu
@pytest.mark.skipif(not GPU, reason="no GPU")
def test_runs_by_itself_on_a_gpu(name: str) -> None:
    args = put(arguments(name, 5, 3, 16, 0.2), "cuda")
    for a, b in zip(run(CORES[name][0], args), run(triton(name), args), strict=True):
        assert torch.equal(a, b)


COMPILE = """
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from memorl.kernels import gru_triton, lstm_triton
from memorl.kernels.triton_tiles import LAUNCH, ROWS, precision, tile

for module in (gru_triton, lstm_triton):
    for kernel in (module._forward_kernel, module._backward_kernel):
        for capability, weight, H in ((90, "*bf16", 256),):
            known = {"H": H, "R": ROWS, "TILE": tile(H), "EXACT": precision()}
            types = {"T": "i32", "B": "i32", "first": "*i1", "weight": weight}
            signature = {n: "constexpr" if n in known else types.get(n, "*fp32") for n in kernel.arg_names}
            source = ASTSource(fn=kernel, signature=signature, constexprs=known)
            compiled = triton.compile(source, target=GPUTarget("cuda", capability, 32), options=LAUNCH)
            assert compiled.asm["cubin"] and compiled.metadata.shared < 2**16
print("compiled")
"""


def test_compiles_for_gpus_that_need_not_be_there(tmp_path) -> None:  # type: ignore[no-untyped-def]
    env = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"} | {"TRITON_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", COMPILE], env=env, capture_output=True, text=True, check=False)
    assert done.stdout == "compiled\n", done.stderr
