"""Fixtures that all tests share."""

import os
from collections.abc import Iterator

import pytest
import torch

from tests.support.memories import WRAPPED, names

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # read where triton is imported, which any test may do


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file first, so that test processes side by side end together."""
    items.sort(key=lambda item: item.path.name != "test_train.py")


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
