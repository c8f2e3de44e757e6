"""Which of the values that a test runs over are left to the slow tests."""

from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet


def slow_but(quick: Iterable[str], names: Iterable[str]) -> list[str | ParameterSet]:
    """Return the names, all but the quick ones marked as slow."""
    kept = set(quick)
    return [name if name in kept else pytest.param(name, marks=pytest.mark.slow) for name in names]
