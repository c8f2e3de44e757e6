"""The cores of the kernels beside their references, and arguments for them."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from memorl.kernels import (
    diag_scan,
    diagonal_loop,
    elementwise_loop,
    elstm_loop,
    gru_loop,
    lstm_loop,
)
from memorl.kernels.diagonal.reference import diagonal_loop_reference
from memorl.kernels.elementwise.reference import elementwise_loop_reference
from memorl.kernels.elstm.reference import elstm_loop_reference
from memorl.kernels.gru.reference import gru_loop_reference
from memorl.kernels.lstm.reference import lstm_loop_reference
from memorl.kernels.scan.reference import diag_scan_reference

Core = Callable[..., Tensor | tuple[Tensor, ...]]


def of_pairs(core: Core) -> Core:
    """The same over [T, B, H / 2, 2]: H is made even, and the answer flat again, so that the tests need not know."""

    def run(*args: Tensor, **form: str) -> Tensor:
        return core(*(a.unflatten(-1, (-1, 2)) if a.is_floating_point() else a for a in args), **form).flatten(-2)

    return run


def relu(core: Core) -> Core:
    return lambda *args, **form: core(*args, "relu", **form)


def tanh(core: Core) -> Core:
    return lambda *args, **form: core(*args, "tanh", **form)


def cell(name: str) -> Callable[[Core], Core]:
    return lambda core: lambda *args, **form: core(*args, name, **form)


def of_states(core: Core) -> Core:
    """The same with both halves of a state side by side, [B, H = 2 N], and the answer so, too."""

    def run(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, **form: str) -> Tensor:
        return core(gates, h.unflatten(-1, (-1, 2)), first, weight, **form).flatten(-2)

    return run


def loop(core: Core) -> Core:
    return partial(core, backend="torch")


def first_of(core: Core) -> Core:
    return lambda *args, **form: core(*args, **form)[0]


CORES: dict[str, tuple[Core, Core]] = {
    "gru_loop": (gru_loop, gru_loop_reference),
    "lstm_loop": (lstm_loop, lstm_loop_reference),
    "gru_loop, heads": (gru_loop, gru_loop_reference),
    "lstm_loop, heads": (lstm_loop, lstm_loop_reference),
    "diag_scan": (diag_scan, diag_scan_reference),
    "diag_scan of pairs": (of_pairs(diag_scan), of_pairs(diag_scan_reference)),
    "diag_scan, loop": (loop(diag_scan), diag_scan_reference),
    "diag_scan of pairs, loop": (of_pairs(loop(diag_scan)), of_pairs(diag_scan_reference)),
    "elementwise_loop, relu": (relu(elementwise_loop), relu(elementwise_loop_reference)),
    "elementwise_loop, tanh": (tanh(elementwise_loop), tanh(elementwise_loop_reference)),
    "elementwise_loop of pairs": (of_pairs(tanh(elementwise_loop)), of_pairs(tanh(elementwise_loop_reference))),
    "diagonal_loop, gru": (cell("gru")(diagonal_loop), cell("gru")(diagonal_loop_reference)),
    "diagonal_loop, lstm": (of_states(cell("lstm")(diagonal_loop)), of_states(cell("lstm")(diagonal_loop_reference))),
    "elstm_loop": (first_of(elstm_loop), first_of(elstm_loop_reference)),
}


def arguments(name: str, T: int, B: int, H: int, starts: float, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Random arguments, in the order of the public function; all but `first` want gradients."""
    H += H % 2 if any(term in name for term in ("pairs", "heads", ", lstm")) else 0

    def leaf(*shape: int) -> Tensor:
        return torch.randn(*shape, dtype=dtype).requires_grad_()

    first = torch.rand(T, B) < starts
    if name.startswith("diag_scan"):
        return [(leaf(T, B, H).detach() / 2).requires_grad_(), leaf(T, B, H), leaf(B, H), first]
    if name.startswith("elementwise_loop"):
        return [leaf(T, B, H), leaf(B, H), first, (leaf(H).detach() / 2).requires_grad_()]
    if name.startswith("diagonal_loop"):
        weights = 3 * H if "gru" in name else 2 * H
        return [leaf(T, B, weights), leaf(B, H), first, leaf(weights)]
    if name == "elstm_loop":
        return [leaf(T, B, 2 * H), leaf(B, H), first, (leaf(2 * H).detach() / 2).requires_grad_()]
    gru = name.startswith("gru_loop")
    gates = 3 if gru else 4
    units = next(H // k for k in ((3, 2) if "heads" in name else (1,)) if H % k == 0)
    weight = (torch.randn(gates * H, units, dtype=dtype) / units**0.5).requires_grad_()
    state = [leaf(B, H)] if gru else [leaf(B, H), leaf(B, H)]
    bias = [leaf(gates * H)] if gru else []
    return [leaf(T, B, gates * H), *state, first, weight, *bias]


def gradients_asked(name: str, args: list[Tensor]) -> list[Tensor]:
    """Weights of a loss, one tensor for each output of the core."""
    out = CORES[name][1](*args)
    return [torch.randn_like(y) for y in ([out] if isinstance(out, Tensor) else out)]


def run(core: Core, args: list[Tensor], weights: list[Tensor] | None = None) -> list[Tensor]:
    """The outputs, then the gradients of all arguments that want one."""
    out = core(*args)
    outputs = [out] if isinstance(out, Tensor) else list(out)
    weights = weights or [torch.ones(()).expand_as(y) for y in outputs]
    loss = sum((y * w).sum() for y, w in zip(outputs, weights, strict=True))
    return [*outputs, *torch.autograd.grad(loss, [a for a in args if a.requires_grad])]


def operator(name: str, args: list[Tensor], form: str = "_torch") -> tuple[object, tuple[object, ...]]:
    """The operator under a core, and its arguments."""
    if "pairs" in name:
        args = [a.detach().unflatten(-1, (-1, 2)).requires_grad_() if a.is_floating_point() else a for a in args]
    if name == "diagonal_loop, lstm":
        args[1] = args[1].detach().unflatten(-1, (-1, 2)).requires_grad_()
    cell = name.rpartition(" ")[2]
    more = {"elementwise_loop": ["tanh"], "diagonal_loop": [cell], "diag_scan": []}
    core = name.partition(",")[0].partition(" ")[0]
    return getattr(torch.ops.memorl, core + form), (*args, *more.get(core, []))


def plain(name: str) -> str:
    """The form of a core that runs everywhere."""
    return "torch"


def relative(rough: Iterable[Tensor], exact: Iterable[Tensor]) -> float:
    """The largest relative error."""
    pairs = [(a.detach().cpu().double(), b.detach().double()) for a, b in zip(rough, exact, strict=True)]
    return max(float((a - b).norm() / b.norm().clamp_min(1e-30)) for a, b in pairs)


def poisoned(real: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A maker of tensors that fills them with NaN."""
    return lambda *a, **k: real(*a, **k).fill_(float("nan"))


def outputs_and_gradients(core: Callable[..., Any], args: tuple[Any, ...], given: list[Tensor]) -> list[Tensor]:
    out = core(*args)
    out = [out] if isinstance(out, Tensor) else list(out)
    leaves = [a for a in args if isinstance(a, Tensor) and a.requires_grad]
    return [*out, *torch.autograd.grad(out, leaves, given[: len(out)])]
