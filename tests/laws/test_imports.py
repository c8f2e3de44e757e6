"""The order of the house: folders depend one way, only public names cross them, and no files import each other."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BELOW = {
    "kernels": (),
    "memory": ("kernels",),
    "agents": ("memory", "kernels"),
    "envs": (),
    "configs": (),
    "commands": ("agents", "memory", "kernels", "envs", "configs"),
    "scripts": ("commands",),
}
"""What each folder may import from; the commands are in agents/commands/."""
PUBLIC = {
    "memorl.kernels",
    "memorl.memory",
    "memorl.memory.checks",
    "memorl.memory.probes",
    "memorl.envs",
    "memorl.agents",
    "memorl.agents.comparison",
    "memorl.agents.experiment",
}
"""The modules that other folders import from."""
SCRIPTS = ("train.py", "evaluate.py", "compare.py", "export.py")
FILES = {
    **{path: path.relative_to(ROOT).parts[0] for folder in BELOW for path in sorted((ROOT / folder).rglob("*.py"))},
    **{path: "commands" for path in sorted((ROOT / "agents" / "commands").glob("*.py"))},
    **{ROOT / name: "scripts" for name in SCRIPTS if (ROOT / name).exists()},
}

if not (ROOT / "setup.py").exists():
    pytest.skip("the tests were copied away from the tree", allow_module_level=True)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(["memorl", *(parts[:-1] if parts[-1] == "__init__" else parts)])


MODULES = {module_name(path): path for path in FILES}


def imported(path: Path) -> Iterator[tuple[str, str | None]]:
    """Yield the module and the name of every import of memorl in a file, those inside functions too."""
    package = module_name(path) if path.name == "__init__.py" else module_name(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield from ((module, alias.name) for alias in node.names)


def dependencies(path: Path) -> set[Path]:
    """Return the files that a file imports from; a name that is a module counts as that module."""
    found = set()
    for module, name in imported(path):
        target = f"{module}.{name}" if f"{module}.{name}" in MODULES else module
        if target in MODULES:
            found.add(MODULES[target])
    return found - {path}


def folder_of(module: str) -> str:
    """Return the folder of a module of memorl, in the terms of `BELOW`."""
    if module.startswith("memorl.agents.commands"):
        return "commands"
    return module.removeprefix("memorl").lstrip(".").partition(".")[0]


def is_public(module: str, name: str | None) -> bool:
    """Return whether other folders may import a name of a module: it is a public module, or in `__all__` of one."""
    if name is None:  # the whole module: none is, as everything that it has imported could be reached
        return False
    if folder_of(module) == "commands":
        return name == "command"
    if f"{module}.{name}" in PUBLIC:
        return True
    public = importlib.import_module(module)
    return module in PUBLIC and name in getattr(public, "__all__", vars(public)) and name in dir(public)


def layer(path: Path) -> tuple[str, ...]:
    """Return the place of a file inside its folder: (), ("parts",) or ("experiment",)."""
    return path.relative_to(ROOT).parts[1:-1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_from_folders_below_and_there_only_public_names(path: Path) -> None:
    folder = FILES[path]
    for module, name in imported(path):
        top = module.partition(".")[0]
        assert top not in BELOW, f"{module} must be imported as memorl.{module}"
        other = folder_of(module) if top == "memorl" else folder
        if other != folder:
            assert other in BELOW[folder], f"{folder} must not import {module}"
            whole = f"{module}.{name}"
            if other != "configs":
                assert is_public(module, name), f"{whole} is not public"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_files_share_does_not_import_the_files_that_share_it(path: Path) -> None:
    """Inside a folder: parts and compositions of memories know no memory, algorithms know no experiment."""
    place = (FILES[path], *layer(path))
    for other in dependencies(path):
        whole = (FILES[other], *layer(other))
        is_memory = whole == ("memory",) and other.name not in ("base.py", "checks.py", "probes.py")
        assert not (place == ("memory", "parts") and (is_memory or whole == ("memory", "compose"))), other
        assert not (place == ("agents",) and len(whole) > 1), other


def test_no_two_files_import_each_other_even_by_way_of_others() -> None:
    graph = {path: dependencies(path) for path in FILES}
    done: set[Path] = set()

    def visit(path: Path, trail: tuple[Path, ...]) -> None:
        circle = [*trail[trail.index(path) :], path] if path in trail else []
        assert not circle, " -> ".join(str(p.relative_to(ROOT)) for p in circle)
        if path not in done:
            for other in sorted(graph[path]):
                visit(other, (*trail, path))
            done.add(path)

    for path in graph:
        visit(path, ())


def test_no_test_imports_another() -> None:
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert ".test_" not in f".{node.module}", f"{path.name} imports {node.module}"
