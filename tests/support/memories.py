"""Memories for tests: those of configs/memory/ in small sizes, a user's own cell, and stacks."""

import importlib.resources
import inspect
from importlib import import_module
from itertools import combinations
from typing import Any

import torch
from omegaconf import OmegaConf

from memorl.memory import GRU, Block, Deep, FrameStack, FromCell, HiPPO, HiPPOLinear, Memory, Parallel, Stack, State
from tests.support.own_package import OWN_PACKAGE, import_own_package

SMALL = {
    "hidden_size": 5, "k": 3, "channels": 2, "order": 6, "dim": 8, "layers": 2, "window": 4, "max_steps": 9,
}  # fmt: skip
"""Sizes that make a test quick, for the constructor arguments of these names."""

SWITCHES: dict[str, dict[str, object]] = {
    "rtrl": {"credit": "rtrl"}, "nonlinear": {"nonlinear": True}, "heads": {"hidden_size": 6, "heads": 2},
}  # fmt: skip
"""Constructor arguments that make another memory of the same class, tested as `name[switch,...]`."""


VARIANTS: dict[str, tuple[type[Memory], dict[str, str]]] = {
    "hippo, zoh": (HiPPO, {"discretisation": "zoh"}),
    "hippo, legt": (HiPPO, {"measure": "legt"}),
    "hippo, lagt": (HiPPO, {"measure": "lagt"}),
    "hippo_linear, fout": (HiPPOLinear, {"measure": "fout", "discretisation": "zoh"}),
    "hippo_linear, rtrl": (HiPPOLinear, {"credit": "rtrl"}),
    "hippo_linear, lmu, rtrl": (HiPPOLinear, {"measure": "lmu", "credit": "rtrl"}),
}
"""Measures, schemes and credits of HiPPO that no file of configs/memory/ chooses, for laws that need no name."""


class Leaky(torch.nn.Module):
    """A cell with a learned, non-zero initial state: what a user would lift."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.decay = torch.nn.Parameter(torch.rand(size))

    def forward(self, x: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        h = self.decay * state["h"] + x
        return torch.tanh(h), {"h": h}


def memory_file(name: str) -> tuple[dict[str, str], type[Memory]]:
    """Return the texts of a file of configs/memory/, and its class."""
    file = importlib.resources.files("memorl.configs") / "memory" / f"{name}.yaml"
    words = {str(k): v for k, v in OmegaConf.create(file.read_text()).items() if isinstance(v, str)}
    module, _, title = words.pop("_target_").rpartition(".")
    return words, getattr(import_module(module), title)


def names() -> list[str]:
    """The memories of configs/memory/, each with every combination of the switches that its constructor knows."""
    folder = importlib.resources.files("memorl.configs") / "memory"
    plain = sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))
    found = []
    for name in plain:
        known = inspect.signature(memory_file(name)[1]).parameters
        switches = [switch for switch, values in SWITCHES.items() if values.keys() <= known.keys()]
        chosen = [c for n in range(len(switches) + 1) for c in combinations(switches, n)]
        found += [f"{name}[{','.join(c)}]" if c else name for c in chosen]
    return found


def make_memory(name: str, input_size: int = 3, **arguments: Any) -> Memory:
    """A small memory of that name; `arguments` replace the small sizes where the constructor has them.

    Of its file the words count, which say what kind of memory it is; for the numbers stand the small sizes.
    """
    if name == "from_cell":
        start = torch.nn.Parameter(torch.randn(input_size))
        return FromCell(Leaky(input_size), input_size, input_size, {"h": start})
    if name == "stack":
        below = Block(FrameStack(input_size, 2), "geglu")
        return Stack([below, GRU(input_size, arguments.get("hidden_size", 5))])
    if name == "parallel":
        return Parallel([FrameStack(input_size - 1, 2), GRU(1, arguments.get("hidden_size", 5))], split=True)
    if name == "deep":
        return Deep(input_size, lambda size: FrameStack(size, arguments.get("k", 3)), layers=2, size=4)
    if name == "own_package":
        leaky: Memory = import_own_package().Leaky(input_size, arguments.get("hidden_size", 5))
        return leaky
    if name in VARIANTS:
        variant, options = VARIANTS[name]
        return variant(input_size, hidden_size=5, channels=2, order=6, theta=4.0, **options)
    plain, _, switches = name.rstrip("]").partition("[")
    for switch in switches.split(",") if switches else ():
        arguments = SWITCHES[switch] | arguments
    words, cls = memory_file(plain)
    known = inspect.signature(cls).parameters
    return cls(input_size, **words | {key: value for key, value in (SMALL | arguments).items() if key in known})


WRAPPED = ("from_cell", "stack", "parallel", "deep", *(["own_package"] if OWN_PACKAGE.is_dir() else []))
"""Memories that are made of other objects, or in a package of a user."""
