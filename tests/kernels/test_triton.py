"""The Triton kernels equal the references: through the interpreter where there is no GPU, and on one where there is.

The interpreter runs programs one after another, so it shows neither races nor what does not compile. For the latter
the kernels are also compiled, for GPUs that need not be there.
"""

import os
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

pytest.importorskip("triton", reason="triton is not installed")

from memorl.kernels import diag_scan, reverse_jacobian_products, reverse_scan
from memorl.kernels.common.backend import choose
from memorl.kernels.rtrl.reference import reverse_jacobian_products_reference
from memorl.kernels.scan.reference import reverse_scan_reference
from tests.support.cores import (
    CASES,
    Case,
    Core,
    as_list,
    assert_states_before_a_start_do_not_matter,
    ids,
    poisoned,
    relative,
    run,
)
from tests.support.gpu import DEVICES, GPU

SIZES = [(1, 1, 1, 0.0), (2, 3, 16, 0.3), (3, 33, 5, 0.3), (5, 2, 40, 0.0), (5, 2, 40, 1.0), (17, 1, 16, 0.1)]
LARGE = [
    (63, 1, 16, 0.1),
    (1, 257, 256, 0.3),
    (7, 33, 100, 1.0),
    (128, 257, 256, 0.03),
    (300, 5, 512, 0.0),
    (63, 1, 48, 0.1),
]


CORES = [case for case in CASES if case.backend == "auto"]


@pytest.fixture(params=CORES, ids=ids(CORES))
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


def triton(case: Case) -> Core:
    return partial(case.fast, backend="triton")


def put(args: list[Tensor], device: str) -> list[Tensor]:
    """The arguments in float32, on a device, as leaves."""
    return [a.to(device) if a.dtype == torch.bool else a.detach().float().to(device).requires_grad_() for a in args]


def error(case: Case, device: str, T: int, B: int, H: int, starts: float, weight: torch.dtype = torch.float32) -> float:
    """The largest relative error of an output or gradient against the reference in float64."""
    exact = case.arguments(T, B, H, starts)
    args = put(exact, device)
    if case.product_weight is not None:
        args[case.product_weight] = args[case.product_weight].detach().to(weight).requires_grad_()
    weights = case.output_weights(exact)
    rough = run(triton(case), args, [w.float().to(device) for w in weights])
    return relative(rough, run(case.slow, exact, weights))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("T", "B", "H", "starts"), SIZES)
def test_equals_the_reference(case: Case, T: int, B: int, H: int, starts: float, device: str) -> None:
    assert error(case, device, T, B, H, starts) <= 1e-5


@pytest.mark.gpu
@pytest.mark.skipif(not GPU, reason="no GPU")
@pytest.mark.parametrize(("T", "B", "H", "starts"), LARGE)
def test_equals_the_reference_when_large(case: Case, T: int, B: int, H: int, starts: float) -> None:
    assert error(case, "cuda", T, B, H, starts) <= (1e-5 if T <= 128 else 1e-4)
    if case.product_weight is None:
        return
    assert error(case, "cuda", T, B, H, starts, torch.bfloat16) <= 2e-2
    torch.set_float32_matmul_precision("high")
    try:
        assert error(case, "cuda", T, B, H, starts) <= 2e-3
    finally:
        torch.set_float32_matmul_precision("highest")


@pytest.mark.slow
@pytest.mark.parametrize("device", DEVICES)
def test_what_lies_before_a_start_does_not_matter(case: Case, device: str) -> None:
    args = put(case.arguments(4, 3, 5, 0.0), device)
    first = assert_states_before_a_start_do_not_matter(triton(case), args)
    first[2] = True
    args[0].data[:2] = float("nan")
    for y in as_list(triton(case)(*args)):
        assert y[:2].isnan().all()
        assert y[2:].isfinite().all()


@pytest.mark.slow
@pytest.mark.parametrize("device", DEVICES)
def test_odd_layouts_and_no_gradient_for_the_cells(case: Case, device: str) -> None:
    args = put(case.arguments(3, 2, 4, 0.3), device)
    strided = [
        a.t().contiguous().t() if a.dtype == torch.bool else a.detach().mT.contiguous().mT.requires_grad_()
        if a.dim() > 1 else a.detach().repeat_interleave(2)[::2].requires_grad_() for a in args
    ]  # fmt: skip
    wanted = [a for a in args if a.requires_grad]
    also = [a for a in strided if a.requires_grad]
    for given in (torch.randn(1, 1, 1, device=device).expand(3, 2, 4), torch.randn(2, 3, 4, device=device).mT.mT):
        given = given if given.shape[0] == 3 else given.transpose(0, 1)
        y = as_list(case.fast(*args, backend="torch"))[0]
        y_odd = as_list(triton(case)(*strided))[0]
        kept = given.clone()
        expected = torch.autograd.grad(y, wanted, given)
        for a, b in zip(torch.autograd.grad(y_odd, also, given), expected, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
        assert torch.equal(given, kept)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("pair", [False, True])
def test_a_scan_takes_factors_that_are_expanded(pair: bool, device: str) -> None:
    T, B, N, last = 11, 3, 5, [2] * pair
    a, b, h = (torch.randn(*shape, device=device) / 2 for shape in ((N, *last), (T, B, N, *last), (B, N, *last)))
    a, first = a.requires_grad_(), torch.rand(T, B, device=device) < 0.2
    for shape in ((1, 1, N), (T, 1, N), (1, B, N)):
        expanded = (a * torch.rand(*shape, *last, device=device)).expand(T, B, N, *last)
        ys = [diag_scan(expanded, b, h, first, backend=form) for form in ("triton", "reference")]
        torch.testing.assert_close(*ys)
        torch.testing.assert_close(*(torch.autograd.grad(y.square().sum(), a, retain_graph=True)[0] for y in ys))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("T", "N"), [(1, 1), (9, 5), (17, 130)])
def test_a_reverse_scan(T: int, N: int, device: str) -> None:
    a, b = torch.randn(2, T, N)
    y = reverse_scan(a.to(device), b.to(device), backend="triton")
    assert relative([y], [reverse_scan_reference(a.double(), b.double())]) <= 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("matrix", [False, True])
@pytest.mark.parametrize(("T", "B", "N", "expanded"), [(1, 1, 1, False), (3, 33, 5, False), (17, 2, 16, True)])
def test_reverse_jacobian_products(matrix: bool, T: int, B: int, N: int, expanded: bool, device: str) -> None:
    exact = torch.randn(*([1, 1] if expanded else [T, B]), N, *[2, 2] * matrix, dtype=torch.float64)
    a, first = exact.float().to(device).expand(T, B, *exact.shape[2:]), torch.rand(T, B) < 0.1
    made = reverse_jacobian_products(a, first.to(device), backend="triton")
    assert relative(made, reverse_jacobian_products_reference(exact.expand(a.shape), first)) <= 1e-5
    spoilt = torch.where(first.to(device).view(T, B, *[1] * (a.dim() - 2)), float("nan"), a)
    for one, other in zip(reverse_jacobian_products(spoilt, first.to(device), backend="triton"), made, strict=True):
        assert torch.equal(one, other)
    torch.library.opcheck(torch.ops.memorl.reverse_jacobian_products_triton, (a, first.to(device)))


@pytest.mark.slow
@pytest.mark.parametrize("device", DEVICES)
def test_the_operator_is_well_formed(case: Case, device: str) -> None:
    args = put(case.arguments(2, 2, 3, 0.3), device)
    triton(case)(*args)
    torch.library.opcheck(*case.operator(args, "triton"))


@pytest.mark.slow
@pytest.mark.parametrize("device", DEVICES)
def test_compiles_whole(case: Case, device: str) -> None:
    args = put(case.arguments(3, 2, 4, 0.3), device)
    torch.compiler.reset()
    compiled = torch.compile(triton(case), fullgraph=True, backend="aot_eager")
    for a, b in zip(run(compiled, args), run(triton(case), args), strict=True):
        assert torch.equal(a, b)


@pytest.mark.slow
@pytest.mark.parametrize("device", DEVICES)
def test_nothing_uninitialised_is_read(case: Case, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    args = put(case.arguments(3, 2, 5, 0.2), device)
    expected = run(triton(case), args)
    monkeypatch.setattr(torch, "empty_like", poisoned(torch.empty_like))
    monkeypatch.setattr(Tensor, "new_empty", poisoned(Tensor.new_empty))
    for a, b in zip(run(triton(case), args), expected, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("dtype", "weight", "major", "chosen"),
    [
        (torch.float32, torch.float32, 8, "triton"),
        (torch.float32, torch.bfloat16, 9, "triton"),
        (torch.float32, torch.float32, 7, "torch"),
        (torch.float64, torch.float64, 9, "torch"),
        (torch.bfloat16, torch.bfloat16, 9, "torch"),
    ],
)
def test_a_gpu_that_can_is_given_triton(
    dtype: torch.dtype, weight: torch.dtype, major: int, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(major=major))
    with FakeTensorMode():
        x, w = (torch.empty(2, dtype=d, device="cuda") for d in (dtype, weight))
        assert choose("auto", x, x, weight=w) == choose("auto", w if weight == dtype else x, x) == chosen
        if chosen == "torch":
            with pytest.raises(ValueError, match=r"older than Ampere|must be float32, a weight also bfloat16"):
                choose("triton", x, weight=w)


@pytest.mark.gpu
@pytest.mark.skipif(not GPU, reason="no GPU")
def test_runs_by_itself_on_a_gpu(case: Case) -> None:
    args = put(case.arguments(5, 3, 16, 0.2), "cuda")
    for a, b in zip(run(case.fast, args), run(triton(case), args), strict=True):
        assert torch.equal(a, b)


COMPILE = """
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from memorl.kernels.common.gpu.tiles import LAUNCH, ROWS, precision, tile_size
from memorl.kernels.diagonal import triton_gru as diagonal_gru_triton, triton_lstm as diagonal_lstm_triton
from memorl.kernels.elementwise import triton_loop as elementwise_triton
from memorl.kernels.elstm import triton_loop as elstm_triton
from memorl.kernels.gru import triton_loop as gru_triton
from memorl.kernels.hippo import triton_loop as hippo_triton
from memorl.kernels.lstm import triton_loop as lstm_triton
from memorl.kernels.rtrl import triton_products as rtrl_triton
from memorl.kernels.scan import triton_loop as diag_triton

LANES = {"num_warps": 1, "num_stages": 1, "enable_fp_fusion": True}
PRODUCT = {"weight": "*bf16"}
TILED = {"H": 256, "U": 64, "R": ROWS, "TILE": tile_size(256), "PRECISION": precision()}
HIPPO = {"C": 16, "R": ROWS, "PRECISION": precision()}
KERNELS = (  # of the scans the larger of the two
    (gru_triton._forward_kernel, PRODUCT, LAUNCH, TILED),
    (gru_triton._backward_kernel, PRODUCT, LAUNCH, TILED),
    (lstm_triton._forward_kernel, PRODUCT, LAUNCH, TILED),
    (lstm_triton._backward_kernel, PRODUCT, LAUNCH, TILED),
    (diag_triton._backward_kernel, {}, LANES, {"W": 256, "PAIRS": True}),
    (elementwise_triton._backward_kernel, {}, LANES, {"W": 256, "PAIRS": True, "RELU": False}),
    (elstm_triton._backward_kernel, {}, LANES, {"N": 256}),
    (diagonal_gru_triton.backward_kernel, {}, LANES, {"N": 256}),
    (diagonal_lstm_triton.forward_kernel, {}, LANES, {"N": 256}),
    (diagonal_lstm_triton.backward_kernel, {}, LANES, {"N": 256}),
    (rtrl_triton._kernel, {}, LANES, {"W": 1024, "MATRIX": True}),
    (hippo_triton._backward_kernel, {}, LAUNCH, {"N": 32, "P": 32, "H": 0.5} | HIPPO),
    (hippo_triton._forward_kernel, {}, LAUNCH, {"N": 64, "P": 64, "H": -1.0} | HIPPO),
)
for kernel, types, options, known in KERNELS:
    types = types | {"T": "i32", "B": "i32", "first": "*i1", "a_time": "i32", "a_row": "i32"}
    signature = {n: "constexpr" if n in known else types.get(n, "*fp32") for n in kernel.arg_names}
    even = [i for i, n in enumerate(kernel.arg_names) if signature[n][0] == "*" or n in ("a_time", "a_row")]
    even = {(i,): [["tt.divisibility", 16]] for i in even}
    source = ASTSource(fn=kernel, signature=signature, constexprs=known, attrs=even)
    compiled = triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options)
    assert compiled.asm["cubin"] and compiled.metadata.shared < 2**16
    if options is LANES:  # nothing goes through shared memory, and a thread takes four lanes at a time
        assert not compiled.metadata.shared and "ld.global.v4" in compiled.asm["ptx"]
print("compiled")
"""


@pytest.mark.slow  # a minute of compilation; the checks before a commit run it
def test_compiles_for_gpus_that_need_not_be_there(tmp_path) -> None:  # type: ignore[no-untyped-def]
    env = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"} | {"TRITON_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", COMPILE], env=env, capture_output=True, text=True, check=False)
    assert done.stdout == "compiled\n", done.stderr
