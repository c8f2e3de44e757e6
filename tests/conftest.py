"""Fixtures that all tests share."""

import os
from collections.abc import Iterator

import pytest
import torch

from tests.support.memories import WRAPPED, names

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # read where triton is imported, which any test may do


RUN_SCRIPTS = ("test_training.py", "test_refused_input.py", "test_resume.py")
"""Files that run whole scripts, which takes the longest; they begin first, so that the test processes end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that run scripts first."""
    items.sort(key=lambda item: item.path.name not in RUN_SCRIPTS)


@pytest.fixture(params=[*names(), *WRAPPED])
def memory_name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """One thread: the tensors of tests are too small to share out, and runs side by side would wait for each other."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
