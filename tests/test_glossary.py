"""Every word of the glossary is used in the source or in another page of the docs, and has one entry."""

import re
from pathlib import Path

import pytest

from memorl import agents

ROOT = Path(agents.__file__).parents[1]
PAGE = ROOT / "docs" / "glossary.md"
ROWS = re.findall(r"^\| (.+?) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)[1:]
WORDS = [word.strip("`") for words, _ in ROWS for word in words.split(", ")]
FILES = [file for folder in ("agents", "envs", "kernels", "memory") for file in (ROOT / folder).rglob("*.py")]
TEXT = " ".join(file.read_text() for file in [*FILES, *(ROOT / "docs").glob("*.md")] if file != PAGE)


def test_there_are_words() -> None:
    assert len(WORDS) == len(set(WORDS)) > 30


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_the_glossary_is_used(word: str) -> None:
    phrase = r"\s+".join(map(re.escape, word.split()))
    assert re.search(rf"(?<![a-z]){phrase}(?![a-z])", TEXT, re.IGNORECASE)
