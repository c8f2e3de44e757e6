"""The pages in docs/envs say what the docstrings say."""

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs" / "envs"
BUILD = runpy.run_path(str(DOCS / "build.py"))


@pytest.mark.parametrize("name", BUILD["PAGES"])
def test_page_is_up_to_date(name: str) -> None:
    assert (DOCS / f"{name}.md").read_text() == BUILD["page"](name), "run python docs/envs/build.py"


def test_every_environment_has_a_page() -> None:
    configs = (DOCS.parents[1] / "configs" / "env").glob("*.yaml")
    targets = {line.split()[1] for file in configs for line in file.read_text().splitlines() if "_target_:" in line}
    pages = {f"memorl.envs.{kind.__name__}" for kind, _ in BUILD["PAGES"].values()}
    assert targets == pages
