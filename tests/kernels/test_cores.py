"""Every core equals its reference: outputs, and all gradients, whatever the sizes and the starts."""

from functools import partial

import pytest
import torch
from torch import Tensor

from memorl.kernels import (
    diag_scan,
    elementwise_loop,
    reverse_jacobian_products,
    reverse_scan,
    weigh_by_reverse_products,
)
from memorl.kernels.common import backend
from memorl.kernels.rtrl.reference import reverse_jacobian_products_reference
from memorl.kernels.scan.reference import diag_scan_reference
from tests.support.cores import (
    CASES,
    OTHERS,
    Case,
    Core,
    as_list,
    assert_states_before_a_start_do_not_matter,
    ids,
    poisoned,
    run,
)

SCAN = next(case for case in CASES if case.core is diag_scan)


@pytest.fixture(params=CASES, ids=ids(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.mark.parametrize("starts", [0.0, 0.1, 1.0])
@pytest.mark.parametrize(("T", "B", "H"), [(1, 1, 1), (1, 3, 16), (2, 33, 5), (7, 1, 48), (63, 3, 100)])
def test_equals_the_reference(case: Case, T: int, B: int, H: int, starts: float) -> None:
    fast = case.fast
    reference = case.slow
    args = case.arguments(T, B, H, starts)
    weights = case.output_weights(args)
    for a, b in zip(run(fast, args, weights), run(reference, args, weights), strict=True):
        torch.testing.assert_close(a, b)


def test_float32_stays_within_rounding(case: Case) -> None:
    fast = case.fast
    reference = case.slow
    args = case.arguments(128, 3, 48, 0.05)
    weights = case.output_weights(args)
    small = [a.detach().float().requires_grad_() if a.requires_grad else a for a in args]
    exact, rough = run(reference, args, weights), run(fast, small, [w.float() for w in weights])
    for a, b in zip(rough, exact, strict=True):
        assert (a - b).norm() <= 1e-5 * b.norm()


@pytest.mark.parametrize("backend", ["reference", "torch", "numba"])
def test_every_backend_of_a_case_equals_the_reference(case: Case, backend: str) -> None:
    """Triton's are held to it in a file of their own, through its interpreter."""
    if backend == "numba":
        pytest.importorskip("numba")
    if backend not in case.backends:
        pytest.skip(f"{case.name} has no backend for {backend}")
    args = case.arguments(9, 3, 6, 0.2)
    weights = case.output_weights(args)
    small = [a.detach().float().requires_grad_(a.requires_grad) if a.is_floating_point() else a for a in args]
    exact = run(case.slow, args, weights)
    rough = run(partial(case.fast, backend=backend), small, [w.float() for w in weights])
    for a, b in zip(rough, exact, strict=True):
        assert (a - b).norm() <= 1e-5 * b.norm() + 1e-6


def test_autocast_changes_nothing(case: Case) -> None:
    """A recurrence keeps its precision, in every form."""
    args = case.arguments(12, 3, 4, 0.1)
    small = [a.detach().float().requires_grad_() if a.requires_grad else a for a in args]
    for form in ("reference", "torch", "auto"):
        core = partial(case.fast, backend=form)

        def cast(*args: Tensor, core: Core = core) -> Tensor | tuple[Tensor, ...]:
            with torch.autocast("cpu", torch.bfloat16):
                return core(*args)

        for a, b in zip(run(cast, small), run(core, small), strict=True):
            assert torch.equal(a, b)


def test_what_lies_before_a_start_does_not_matter(case: Case) -> None:
    fast = case.fast
    args = case.arguments(7, 3, 5, 0.0)
    first = assert_states_before_a_start_do_not_matter(fast, args)
    first[3] = True
    args[0].data[:3] = float("nan")
    for y in as_list(fast(*args)):
        assert not y[:3].isfinite().all()
        assert y[3:].isfinite().all()


@pytest.mark.parametrize("T", [1, 5])
def test_the_incoming_gradient_is_left_alone(case: Case, T: int) -> None:
    fast = case.fast
    reference = case.slow
    args = case.arguments(T, 2, 4, 0.2)
    given = case.output_weights(args)[0]
    kept = given.clone()
    for core in (fast, reference):
        outputs = as_list(core(*args))
        torch.autograd.backward(outputs, [given] * len(outputs))
        assert torch.equal(given, kept)
        expanded = [a.grad.clone() for a in args if a.grad is not None]
        sum(y.sum() for y in fast(*args)).backward()
        assert all(grad.isfinite().all() for grad in expanded)


def test_the_operator_is_well_formed(case: Case) -> None:
    torch.library.opcheck(*case.operator(case.arguments(3, 2, 4, 0.3)))


def test_the_gradient_is_that_of_finite_differences(case: Case) -> None:
    args = case.arguments(4, 2, 3, 0.3)
    assert torch.autograd.gradcheck(case.fast, tuple(args))


def test_nothing_uninitialised_is_read(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = case.fast
    args = case.arguments(7, 3, 5, 0.2)
    expected = run(fast, args)

    for maker in ("empty_like", "empty"):
        monkeypatch.setattr(torch, maker, poisoned(getattr(torch, maker)))
    monkeypatch.setattr(Tensor, "new_empty", poisoned(Tensor.new_empty))
    for a, b in zip(run(fast, args), expected, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("pair", [False, True])
@pytest.mark.parametrize(("T", "B", "N"), [(1, 1, 1), (1, 3, 4), (2, 5, 3), (9, 4, 6)])
def test_reverse_jacobian_products_are_products_of_what_follows(T: int, B: int, N: int, pair: bool) -> None:
    a, first = torch.randn(T, B, N, *[2, 2] * pair, dtype=torch.float64), torch.rand(T, B) < 0.2
    a[0, 0, 0] = 0
    for ours, exact in zip(
        reverse_jacobian_products(a, first), reverse_jacobian_products_reference(a, first), strict=True
    ):
        torch.testing.assert_close(ours, exact)
    torch.library.opcheck(torch.ops.memorl.reverse_jacobian_products_torch, (a, first))
    first[-1] = True
    assert reverse_jacobian_products(a, first)[1].abs().max() == 0


@pytest.mark.parametrize("form", ["torch", "numba", "auto"])
@pytest.mark.parametrize("pair", [False, True])
@pytest.mark.parametrize(("T", "B", "N"), [(1, 1, 1), (1, 3, 4), (2, 5, 3), (9, 4, 6)])
def test_terms_are_weighted_by_the_jacobians_that_follow(T: int, B: int, N: int, pair: bool, form: str) -> None:
    """An episode that begins later replaces the weighted terms by zeros, whatever they were."""
    if form == "numba" and not backend.HAS_NUMBA:
        pytest.skip("without Numba")
    a, first = torch.randn(T, B, N, *[2, 2] * pair, dtype=torch.float64), torch.rand(T, B) < 0.2
    term = torch.randn(T, B, N, *[2] * pair, dtype=torch.float64)
    terms = [term, term[:1].expand(term.shape), term[:, :1].expand(term.shape)]
    weighted, total = weigh_by_reverse_products(a, first, terms, backend=form)
    exact, end = weigh_by_reverse_products(a, first, terms, backend="reference")
    for ours, theirs in zip([*weighted, total], [*exact, end], strict=True):
        torch.testing.assert_close(ours, theirs)
    assert torch.allclose(total, reverse_jacobian_products_reference(a, first)[1])
    if T > 1:
        first[-1, 0] = True
        term[:-1, 0] = a[:-1, 0] = float("nan")
        weighted, total = weigh_by_reverse_products(a, first, [term], backend=form)
        assert not weighted[0][:-1, 0].any()
        assert not total[0].any()
        assert torch.equal(weighted[0][-1, 0], term[-1, 0])


def test_weighted_terms_are_checked() -> None:
    a, first = torch.ones(3, 2, 4), torch.zeros(3, 2, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"a has shape \(3, 2, 4\), and a term \(3, 2, 5\)"):
        weigh_by_reverse_products(a, first, [torch.ones(3, 2, 5)])
    with pytest.raises(ValueError, match=r"and first \(2, 2\)"):
        weigh_by_reverse_products(a, first[1:], [a])
    if backend.HAS_NUMBA:
        torch.library.opcheck(torch.ops.memorl.weigh_by_reverse_products_numba, (a, first, [a, a + 1]))
        matrices, pairs = torch.randn(3, 2, 4, 2, 2), torch.randn(3, 2, 4, 2)
        torch.library.opcheck(torch.ops.memorl.weigh_by_reverse_products_numba, (matrices, first, [pairs, pairs + 1]))


@pytest.mark.parametrize(("T", "N"), [(1, 1), (1, 3), (2, 5), (9, 4)])
def test_a_reverse_scan_sums_what_follows(T: int, N: int) -> None:
    a, b = torch.randn(2, T, N, dtype=torch.float64)
    kept = b.clone()
    y = reverse_scan(a, b, backend="torch")
    for form in ("auto", "reference"):
        torch.testing.assert_close(reverse_scan(a, b, backend=form), y)
    torch.testing.assert_close(
        y, sum(b[k] * torch.stack([a[t:k].prod(0) * (k >= t) for t in range(T)]) for k in range(T))
    )
    assert torch.equal(b, kept)


def test_an_unknown_activation_is_named() -> None:
    x = torch.zeros(1, 1, 1)
    with pytest.raises(ValueError, match="activation is 'gelu'; it must be relu or tanh"):
        elementwise_loop(x, x[0], torch.zeros(1, 1, dtype=torch.bool), x[0, 0], "gelu")


@pytest.mark.parametrize("case", [case for case in CASES if case.core is not diag_scan], ids=lambda case: case.name)
@pytest.mark.parametrize("form", ["reference", "torch", "auto", *["numba"] * backend.HAS_NUMBA])
def test_what_does_not_fit_is_named(case: Case, form: str) -> None:
    """In every form: one that does not look would read beyond the end."""
    fast = partial(case.fast, backend=form)
    args = case.arguments(3, 2, 4, 0.3, torch.float32)
    with pytest.raises(ValueError, match=rf"{case.core.__name__}: first is torch\.float32; it must be torch\.bool"):
        fast(*(a.float() if a.dtype == torch.bool else a for a in args))
    for i in range(1, len(args)):
        for wrong in (args[i][:-2], torch.cat([args[i], args[i]])):
            with pytest.raises(ValueError, match=r"\w+ has shape"):
                fast(*(wrong if k == i else a for k, a in enumerate(args)))


@pytest.mark.parametrize("case", [case for case in CASES if case.paired], ids=lambda case: case.name)
@pytest.mark.parametrize("form", ["reference", "torch", *["numba"] * backend.HAS_NUMBA])
def test_pairs_may_begin_anywhere_in_memory(case: Case, form: str) -> None:
    fast = partial(case.fast, backend=form)
    args = case.arguments(5, 3, 4, 0.3, torch.float32)
    moved = [torch.cat([a.flatten()[:1], a.flatten()])[1:].view(a.shape) for a in args]
    moved = [m.detach().requires_grad_(a.requires_grad) for m, a in zip(moved, args, strict=True)]
    assert moved[0].storage_offset() == 1
    for a, b in zip(run(fast, moved), run(fast, args), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("form", ["auto", "torch"])
def test_the_reverse_scan_compiles_whole(form: str) -> None:
    a, b = torch.rand(2, 5, 3)
    whole = torch.compile(partial(reverse_scan, backend=form), fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(whole(a, b), reverse_scan(a, b))


def test_every_argument_can_be_differentiated_alone_by_torch_func(case: Case) -> None:
    fast = case.fast
    reference = case.slow
    args = [a.detach() for a in case.arguments(3, 2, 4, 0.3)]

    def loss(core: Core, i: int, x: Tensor) -> Tensor:
        return sum((y**2).sum() for y in as_list(core(*args[:i], x, *args[i + 1 :])))  # type: ignore[return-value]

    for i, x in enumerate(args):
        if x.is_floating_point():
            a, b = (torch.func.grad(partial(loss, core, i))(x) for core in (partial(fast, backend="auto"), reference))
            torch.testing.assert_close(a, b)


def test_pairs_of_another_precision_are_refused() -> None:
    a, first = torch.rand(3, 2, 4, 2, dtype=torch.bfloat16), torch.zeros(3, 2, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"pairs are torch\.bfloat16; they must be torch\.float32 or torch\.float64"):
        diag_scan(a, a, a[0], first)


def test_a_named_form_is_that_one_or_an_error(case: Case) -> None:
    fast = case.fast
    reference = case.slow
    args = case.arguments(3, 2, 4, 0.3)
    for a, b in zip(run(partial(fast, backend="reference"), args), run(reference, args), strict=True):
        assert torch.equal(a, b)
    for a, b in zip(run(partial(fast, backend="torch"), args), run(fast, args), strict=True):
        torch.testing.assert_close(a, b)
    with pytest.raises(ValueError, match="backend is 'cuda'"):
        fast(*args, backend="cuda")
    with pytest.raises(ValueError, match="backend is 'triton', but"):
        fast(*args, backend="triton")


def test_without_numba_a_loop_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    args = SCAN.arguments(3, 2, 4, 0.3)
    assert torch.equal(diag_scan(*args), diag_scan(*args, backend="numba"))
    with pytest.raises(ValueError, match=r"backend is 'numba', but the tensors are torch\.bfloat16 on cpu"):
        diag_scan(*(a.bfloat16() if a.is_floating_point() else a for a in args), backend="numba")
    monkeypatch.setattr(backend, "HAS_NUMBA", False)
    assert torch.equal(diag_scan(*args), diag_scan(*args, backend="torch"))
    with pytest.raises(ValueError, match="backend is 'numba', but numba is not installed"):
        diag_scan(*args, backend="numba")


def test_what_does_not_fit_is_refused_and_what_is_expanded_is_not() -> None:
    a, b, h, first = SCAN.arguments(3, 5, 4, 0.3)
    for wrong in ((a[..., :1], b, h, first), (a[:2], b, h, first), (a, b, h[:, :2], first), (a, b, h, first[:, :1])):
        with pytest.raises(ValueError, match="a, b, h and first have shapes"):
            diag_scan(*wrong)
    wide = h.detach()[:1, :1].expand(5, 4)
    assert torch.equal(diag_scan(a, b, wide, first), diag_scan(a, b, wide.contiguous(), first))
    strided = [x.detach().repeat_interleave(2, -1)[..., ::2].unflatten(-1, (-1, 2)) for x in (a, b, h)]
    for form in ("torch", *["numba"] * backend.HAS_NUMBA):
        y = diag_scan(*strided, first, backend=form)
        torch.testing.assert_close(y, diag_scan_reference(*strided, first))


@pytest.mark.parametrize("other", OTHERS, ids=ids(OTHERS))
@pytest.mark.parametrize(("T", "B", "H"), [(1, 1, 1), (2, 3, 4), (70, 2, 3)])
def test_every_backend_of_the_other_cores_equals_the_reference(other: Case, T: int, B: int, H: int) -> None:
    args = other.arguments(T, B, H, 0.2)
    weights = other.output_weights(args)
    expected = run(other.slow, args, weights)
    for form in (*other.backends, "auto"):
        for a, b in zip(run(partial(other.fast, backend=form), args, weights), expected, strict=True):
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize("other", OTHERS, ids=ids(OTHERS))
@pytest.mark.parametrize("form", ["numba", "triton", "loop"])
def test_the_other_cores_refuse_a_backend_they_do_not_have(other: Case, form: str) -> None:
    with pytest.raises(ValueError, match=rf"backend is '{form}'; it must be one of auto, {', '.join(other.backends)}$"):
        other.fast(*other.arguments(3, 2, 4, 0.3), backend=form)
