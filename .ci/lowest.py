"""Print the lowest versions that pyproject.toml declares, as constraints for pip: `torch>=2.11` becomes `torch==2.11`.

The linters are left out: they check the code, not the environment that it runs in.
"""

import re
import tomllib
from pathlib import Path

LINTERS = ("ruff", "mypy")

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
groups = [project["dependencies"], *(project["optional-dependencies"][name] for name in ("train", "dev"))]
for requirement in (text for group in groups for text in group):
    name, minimum = re.match(r"([\w.-]+)(?:\[\w+\])?(?:>=([\w.]+))?", requirement).groups()
    if minimum and name not in LINTERS:
        print(f"{name}=={minimum}")
