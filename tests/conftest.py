"""Fixtures that all tests share."""

import inspect
import os
from collections.abc import Iterator

import pytest
import torch

from tests.support.memories import VARIANTS, WRAPPED, names

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # read where triton is imported, which any test may do


RUN_SCRIPTS = ("test_training.py", "test_config.py", "test_checkpoint.py", "test_resume.py")
"""Files that run whole scripts, which takes the longest; they begin first, so that the test processes end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that run scripts first."""
    items.sort(key=lambda item: item.path.name not in RUN_SCRIPTS)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Hold a test of a memory against all of them; against the variants, too, where it does not ask for the name."""
    own = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "memory_name" in metafunc.fixturenames and "memory_name" not in own:
        variants = [] if "memory_name" in inspect.signature(metafunc.function).parameters else VARIANTS
        metafunc.parametrize("memory_name", [*names(), *WRAPPED, *variants])


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
