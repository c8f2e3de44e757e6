"""The folders of envs depend one way, and no two of their files import each other."""

import ast
from pathlib import Path

from memorl import envs

ROOT = Path(envs.__file__).parent
BELOW = {
    "engine": set[str](),
    "drawing": {"engine"},
    "mortar_mayhem": {"engine", "drawing"},
    "mystery_path": {"engine", "drawing"},
    "searing_spotlights": {"engine", "drawing"},
    "tasks": {"engine"},
    "popgym": {"engine"},
    "pobax": {"engine"},
    "classic": {"engine", "popgym"},
    "adapters": {"engine"},
    "make": {"engine", "adapters"},
    "play": {"engine", "drawing", "adapters", "make"},
}
"""What each folder may import besides itself."""


def imports(file: Path) -> set[tuple[str, ...]]:
    """The files of envs that a file imports, as paths of names."""
    here = file.relative_to(ROOT).parts[:-1]
    found = set[tuple[str, ...]]()
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.ImportFrom):
            continue
        module = tuple((node.module or "").split(".")) if node.module else ()
        if node.level:
            module = (*here[: len(here) - node.level + 1], *module)
        elif module[:2] == ("memorl", "envs"):
            module = module[2:]
        else:
            continue
        inner = [(*module, alias.name) for alias in node.names]
        found |= {path if (ROOT / "/".join(path)).with_suffix(".py").exists() else module for path in inner}
    return found


FILES = {file.relative_to(ROOT).with_suffix("").parts: imports(file) for file in ROOT.rglob("*.py")}


def test_folders_import_only_what_lies_below_them() -> None:
    for folder in {path[0] for path in FILES} - {"__init__"}:
        assert folder in BELOW, f"envs/{folder} has no line in BELOW of {Path(__file__).name}: say what it may import"
    assert BELOW.keys() <= {path[0] for path in FILES}, "BELOW names a folder that envs does not have"
    for path, others in FILES.items():
        for other in others if path != ("__init__",) else ():
            assert other[0] == path[0] or other[0] in BELOW[path[0]], (path, other)


def test_no_file_imports_one_that_imports_it() -> None:
    done = set[tuple[str, ...]]()
    while left := {path for path in FILES if path not in done}:
        free = {path for path in left if not (FILES[path] & left) - {path}}
        assert free, left
        done |= free
