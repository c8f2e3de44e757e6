"""A run that the tests of one file share."""

from pathlib import Path

import pytest

from tests.support.runs import train_small


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small run that is over."""
    return train_small(tmp_path_factory.mktemp("runs") / "finished")
