"""The pages in docs/envs say what the docstrings say."""

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs" / "envs"
BUILD = runpy.run_path(str(DOCS / "build.py"))


@pytest.mark.parametrize("name", BUILD["PAGES"])
def test_page_is_up_to_date(name: str) -> None:
    assert (DOCS / f"{name}.md").read_text() == BUILD["page"](name), "run python docs/envs/build.py"
