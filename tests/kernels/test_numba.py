"""The loops of cells compiled by Numba equal their references, in float32."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.support.cores import CASES, Case, Core, ids, poisoned, run

pytest.importorskip("numba")

from numba.core.caching import FunctionCache

from memorl.kernels.common import backend
from memorl.kernels.common.cpu.activations import sigmoid, tanh
from memorl.kernels.common.cpu.cache import ROOT, digest
from memorl.kernels.common.cpu.cache import compile_loop as in_compiled

CELLS = [case for case in CASES if case.memory]


@pytest.fixture(params=CELLS, ids=ids(CELLS))
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


def compiled(case: Case) -> Core:
    return partial(case.fast, backend="numba")


def rounded(args: list[Tensor]) -> list[Tensor]:
    return [a.detach().float().requires_grad_() if a.requires_grad else a for a in args]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("starts", [0.0, 0.1, 1.0])
@pytest.mark.parametrize(("T", "B", "H"), [(1, 1, 1), (2, 5, 3), (7, 2, 48), (63, 7, 66), (40, 6, 130)])
def test_equals_the_reference(case: Case, T: int, B: int, H: int, starts: float, threads: int) -> None:
    """Outputs and all gradients, on as many threads as one likes, if need be within twice what float32 costs anyway."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    args = case.arguments(T, B, H, starts)
    weights = case.output_weights(args)
    exact = run(case.slow, args, weights)
    cores = (compiled(case), case.slow)
    found, rough = (run(core, rounded(args), [w.float() for w in weights]) for core in cores)
    torch.set_num_threads(before)
    for a, b, c in zip(found, exact, rough, strict=True):
        assert (a - b).norm() <= max(2e-6 * b.norm(), 2 * (c - b).norm())


def test_threads_change_nothing(case: Case) -> None:
    args, found = rounded(case.arguments(64, 9, 96, 0.1)), []
    before = torch.get_num_threads()
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        found.append(run(compiled(case), args)[:1])
    torch.set_num_threads(before)
    for one in found:
        assert torch.equal(one[0], found[0][0])


def test_nan_before_a_start_is_forgotten_and_after_it_told(case: Case) -> None:
    args = rounded(case.arguments(7, 3, 5, 0.0))
    first = next(a for a in args if a.dtype == torch.bool)
    first[3] = True
    with torch.no_grad():
        args[0][2] = float("nan")
    y, *_ = run(compiled(case), args)
    assert y[:2].isfinite().all()
    assert y[2].isnan().all()
    assert y[3:].isfinite().all()


def test_gradients_may_be_expanded_or_strided(case: Case) -> None:
    args = rounded(case.arguments(5, 3, 4, 0.2))
    for weight in (
        torch.ones(()).expand(5, 3, 4),
        torch.randn(5, 3, 8)[..., ::2],
        torch.randn(3, 5, 4).transpose(0, 1),
    ):
        outputs = len(case.output_weights(args))
        asked = [weight] * outputs
        for a, b in zip(run(compiled(case), args, asked), run(case.slow, args, asked), strict=True):
            torch.testing.assert_close(a, b)


def test_nothing_uninitialised_is_read(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    args = rounded(case.arguments(7, 3, 5, 0.2))
    expected = run(compiled(case), args)
    monkeypatch.setattr(Tensor, "new_empty", poisoned(Tensor.new_empty))
    for a, b in zip(run(compiled(case), args), expected, strict=True):
        assert torch.equal(a, b)


def test_the_operator_is_well_formed(case: Case) -> None:
    args = rounded(case.arguments(3, 2, 4, 0.3))
    compiled(case)(*args)  # the first call registers the operator
    torch.library.opcheck(*case.operator(args, "numba"))


def test_it_compiles(case: Case) -> None:
    args = rounded(case.arguments(5, 3, 4, 0.2))
    torch._dynamo.reset()
    whole = torch.compile(compiled(case), fullgraph=True, backend="aot_eager")
    for a, b in zip(run(whole, args), run(compiled(case), args), strict=True):
        torch.testing.assert_close(a, b)


def test_what_is_exported_runs_without_numba(case: Case) -> None:
    memory = case.memory(3, 4)
    x, first = torch.randn(6, 2, 3), torch.rand(6, 2) < 0.3
    program = torch.export.export(memory, (x, memory.initial_state(2), first))
    assert "numba" not in str(program.graph)
    torch.testing.assert_close(program.module()(x, memory.initial_state(2), first)[0], memory(x, None, first)[0])


def test_a_cache_that_cannot_be_used_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def double(x: Any) -> None:
        for i in range(len(x)):
            x[i] *= 2

    def full(*_: Any) -> None:
        raise OSError("no space left on device")

    for method in ("load_overload", "save_overload"):
        monkeypatch.setattr(FunctionCache, method, full)
    x = np.ones(3)
    in_compiled(double)(x)
    assert x.tolist() == [2, 2, 2]


def test_a_numba_that_cannot_be_imported_is_not_used(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    args = rounded(case.arguments(3, 2, 4, 0.3))
    expected = run(partial(case.fast, backend="torch"), args)
    monkeypatch.setattr(backend, "_numba_works", lambda: False)
    for a, b in zip(run(case.fast, args), expected, strict=True):
        assert torch.equal(a, b)
    with pytest.raises(ValueError, match="backend is 'numba', but numba cannot be imported"):
        compiled(case)(*args)


def test_what_does_not_fit_is_named(case: Case) -> None:
    args = case.arguments(3, 2, 4, 0.3)
    with pytest.raises(ValueError, match=r"'numba', but the tensors are torch\.float64 on cpu; they must be float32"):
        compiled(case)(*args)


def test_sigmoid_and_tanh_are_right_to_the_last_bits() -> None:
    x = np.concatenate([np.linspace(-20, 20, 20001), np.logspace(-30, 1, 2000), [0.0]]).astype(np.float32)
    exact = x.astype(np.float64)
    with np.errstate(under="ignore"):
        for function, right in ((sigmoid, 1 / (1 + np.exp(-exact))), (tanh, np.tanh(exact))):
            found = np.array([function(value) for value in x], np.float64)
            assert np.abs(found - right).max() <= 2e-7
            assert (np.abs(found / np.where(right == 0, 1, right) - 1)[right != 0]).max() <= 2e-6
    assert tanh(np.float32(1e9)) == 1
    assert tanh(np.float32(-1e9)) == -1
    assert 0 <= sigmoid(np.float32(-1e9)) < 1e-30
    assert np.isnan(sigmoid(np.float32("nan")))


def test_the_cache_key_covers_every_file_below_the_kernels(tmp_path: Path) -> None:
    folder = tmp_path / "core" / "cpu"
    folder.mkdir(parents=True)
    keys = {digest.__wrapped__(tmp_path)}
    for file in (tmp_path / "top.py", tmp_path / "core" / "loop.py", folder / "threads.py"):
        for text in ("x = 1", "x = 2"):
            file.write_text(text)
            keys.add(digest.__wrapped__(tmp_path))
    assert len(keys) == 7
    assert {file.name for file in ROOT.rglob("*.py")} >= {"numba_loop.py", "threads.py", "resets.py"}
