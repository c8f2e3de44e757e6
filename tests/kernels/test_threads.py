"""Rows are shared out among torch's threads, or Python's, and all of them are done once."""

import threading

import pytest
import torch

from memorl.kernels.common.cpu import threads
from memorl.kernels.common.cpu.threads import run_threads


@pytest.fixture(params=["OpenMP's", "Python's"])
def pool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "Python's":
        monkeypatch.setattr(threads, "_openmp", lambda: None)
    elif threads._openmp() is None:
        pytest.skip("torch has no OpenMP that can be entered")


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize(("rows", "count"), [(1, 1), (1, 4), (7, 2), (8, 3), (64, 2)])
def test_every_row_is_done_once(rows: int, count: int) -> None:
    done: list[int] = []
    run_threads(lambda low, high: done.extend(range(low, high)), rows, count)
    assert sorted(done) == list(range(rows))


@pytest.mark.usefixtures("pool")
def test_spans_run_side_by_side() -> None:
    """Each waits for the other, which would never come if they took turns."""
    meet = threading.Barrier(2, timeout=60)
    torch.set_num_threads(2)
    run_threads(lambda low, high: (meet.wait(), None)[1], 2, 2)


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_in_any_thread_is_raised(error: type[BaseException]) -> None:
    def run(low: int, high: int) -> None:
        if low:
            raise error("the second span")

    with pytest.raises(error, match="the second span"):
        run_threads(run, 4, 2)
    run_threads(lambda low, high: None, 4, 2)
