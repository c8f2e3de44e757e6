"""Paths of classes, devices by name, and whose an error is."""

import sys
from pathlib import Path

import pytest
import torch

from memorl.agents.experiment import find_device
from memorl.agents.experiment.names import find_object
from memorl.memory import GRU


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a package whose modules have errors."""
    package = tmp_path / "faulty_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "needs.py").write_text("import what_is_not_there\n")
    (package / "wrong.py").write_text("class Wrong:\n    a = = 1\n")
    (package / "value.py").write_text("raise ValueError('of the module')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield package.name
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        del sys.modules[name]


def test_a_class_is_found_by_every_path_to_it() -> None:
    for path in ("memorl.memory.GRU", "memorl.memory.gru.GRU"):
        assert find_object("memory", path) is GRU
    assert find_object("x", "memorl.memory.GRU.forward") is GRU.forward


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("memorl.memory.GRUU", "memory is memorl.memory.GRUU; memorl.memory has no GRUU; the nearest is GRU"),
        ("memorl.memry.GRU", "memorl has no memry; the nearest is memory"),
        ("memorll.memory.GRU", "there is no module memorll in the current folder or among .*; the nearest is memorl"),
        ("GRU", "memory is GRU; it must be the path of a class, such as package.MyClass"),
        ("memorl..GRU", r"memory is memorl\.\.GRU; it must be the path of a class"),
    ],
)
def test_a_path_that_leads_nowhere_is_one_line(path: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        find_object("memory", path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "kind"), [("needs", ModuleNotFoundError), ("wrong", SyntaxError), ("value", ValueError)]
)
def test_an_error_inside_a_module_is_its_own(module: str, name: str, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"what_is_not_there|invalid syntax|of the module"):
        find_object("memory", f"{module}.{name}.Anything")


def test_devices_have_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert find_device("cuda:1") == torch.device("cuda", 1)
    assert find_device("auto") == torch.device("cuda")
    with pytest.raises(ValueError, match=r"device is 'cuda:2'; it must be auto, cpu, cuda, cuda:0 or cuda:1$"):
        find_device("cuda:2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=r"device is 'cuda:0'; it must be auto or cpu \(there is no CUDA device\)"):
        find_device("cuda:0")
