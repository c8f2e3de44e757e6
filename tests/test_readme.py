"""The README says what is: its code runs, and its commands name things that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs_from_top_to_bottom(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {}
    for code in blocks(page, "python"):
        exec(compile(code, str(page), "exec"), scope)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_choose_what_exists(page: Path) -> None:
    for group in ("env", "memory", "agent", "experiment"):
        known = {file.stem for file in (ROOT / "configs" / group).glob("*.yaml")}
        for command in re.findall(r".*(?:train\.py (?!--config-dir)|envs\.play).*", page.read_text()):
            for choices in re.findall(rf"(?<![\w.]){group}=([\w,.:/-]+)", command):
                ours = [name for name in choices.split(",") if not re.search("[.:/-]", name)]  # no class and no id
                assert set(ours) <= known, command
