"""The cores of the kernels as cases for tests: a core, its reference, arguments and backends."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from memorl.kernels import (
    diag_scan,
    diagonal_loop,
    elementwise_loop,
    elstm_loop,
    gru_loop,
    hippo_cell_loop,
    lstm_loop,
    steps_since_start,
    window_attention,
)
from memorl.kernels.attention.reference import window_attention_reference
from memorl.kernels.diagonal.reference import diagonal_loop_reference
from memorl.kernels.elementwise.reference import elementwise_loop_reference
from memorl.kernels.elstm.reference import elstm_loop_reference
from memorl.kernels.gru.reference import gru_loop_reference
from memorl.kernels.hippo.reference import hippo_cell_loop_reference
from memorl.kernels.lstm.reference import lstm_loop_reference
from memorl.kernels.scan.reference import diag_scan_reference
from memorl.memory import ELSTM, GRU, LSTM, RTU, DiagonalGRU, DiagonalLSTM, IndRNN, Memory

Core = Callable[..., Tensor | tuple[Tensor, ...]]
Leaf = Callable[..., Tensor]

EVERY_BACKEND = ("reference", "torch", "numba", "triton")


@dataclass(frozen=True)
class Case:
    """A core beside its reference; the laws of cores give both the same tensors, [T, B, H] or [B, H] as a rule."""

    name: str
    core: Core
    reference: Core
    make_args: Callable[[Leaf, Tensor, int, int, int], list[Tensor]]
    """(leaf, first, T, B, H) -> the tensors, where leaf(*shape, scale=1.0) is random and wants a gradient."""
    backends: tuple[str, ...] = EVERY_BACKEND
    """The backends that the core accepts, besides "auto"."""
    options: tuple[Any, ...] = ()
    """The arguments after the tensors."""
    paired: tuple[int, ...] = ()
    """The positions of the tensors whose last dimension the core takes as pairs."""
    even: bool = False
    """True where H must be even; it is raised if it is not."""
    outputs: Callable[[Any], Any] = lambda out: out
    """Return the outputs that the laws look at."""
    backend: str = "auto"
    """The backend that the laws take."""
    product_weight: int | None = None
    """The position of the weight of a matrix product, which may be in bfloat16 for Triton."""
    memory: type[Memory] | None = None
    """The memory that runs the core; those of cells are held against the laws of Numba, too."""

    def arguments(self, T: int, B: int, H: int, starts: float, dtype: torch.dtype = torch.float64) -> list[Tensor]:
        """Return random tensors, in the order of the public function."""

        def leaf(*shape: int, scale: float = 1.0) -> Tensor:
            return (torch.randn(*shape, dtype=dtype) * scale).requires_grad_()

        return self.make_args(leaf, torch.rand(T, B) < starts, T, B, H + H % 2 * self.even)

    def core_args(self, args: Iterable[Tensor]) -> tuple[Any, ...]:
        """Return the arguments as the core itself takes them."""
        paired = (a.unflatten(-1, (-1, 2)) if i in self.paired else a for i, a in enumerate(args))
        return (*paired, *self.options)

    def fast(self, *args: Tensor, backend: str = "") -> Any:
        """Run the core, by the backend that the laws take if none is named."""
        return self.outputs(self.core(*self.core_args(args), backend=backend or self.backend))

    def slow(self, *args: Tensor) -> Any:
        """Run the reference."""
        return self.outputs(self.reference(*self.core_args(args)))

    def operator(self, args: list[Tensor], backend: str = "torch") -> tuple[object, tuple[object, ...]]:
        """Return the operator under the core, and its arguments."""
        leaves = (
            a.detach().requires_grad_(a.requires_grad) if isinstance(a, Tensor) else a for a in self.core_args(args)
        )
        return getattr(torch.ops.memorl, f"{self.core.__name__}_{backend}"), tuple(leaves)

    def output_weights(self, args: list[Tensor]) -> list[Tensor]:
        """Return the weights of a loss, one tensor for each output of the core."""
        return [torch.randn_like(y) for y in as_list(self.slow(*args))]


def as_list(out: Any) -> list[Tensor]:
    return [out] if isinstance(out, Tensor) else list(out)


def flat_pairs(y: Tensor) -> Tensor:
    return y.flatten(-2)


def gru_args(leaf: Leaf, first: Tensor, T: int, B: int, H: int, heads: tuple[int, ...] = (1,)) -> list[Tensor]:
    units = next(H // k for k in heads if H % k == 0)
    gates = leaf(T, B, 3 * H)
    h = leaf(B, H)
    return [gates, h, first, leaf(3 * H, units, scale=units**-0.5), leaf(3 * H)]


def lstm_args(leaf: Leaf, first: Tensor, T: int, B: int, H: int, heads: tuple[int, ...] = (1,)) -> list[Tensor]:
    units = next(H // k for k in heads if H % k == 0)
    return [leaf(T, B, 4 * H), leaf(B, H), leaf(B, H), first, leaf(4 * H, units, scale=units**-0.5)]


def scan_args(leaf: Leaf, first: Tensor, T: int, B: int, H: int) -> list[Tensor]:
    return [leaf(T, B, H, scale=0.5), leaf(T, B, H), leaf(B, H), first]


def elementwise_args(leaf: Leaf, first: Tensor, T: int, B: int, H: int) -> list[Tensor]:
    return [leaf(T, B, H), leaf(B, H), first, leaf(H, scale=0.5)]


def diagonal_gru_args(leaf: Leaf, first: Tensor, T: int, B: int, H: int) -> list[Tensor]:
    return [leaf(T, B, 3 * H), leaf(B, H), first, leaf(3 * H)]


def diagonal_lstm_args(leaf: Leaf, first: Tensor, T: int, B: int, H: int) -> list[Tensor]:
    """Both halves of a state side by side, [B, H = 2 N]."""
    return [leaf(T, B, 2 * H), leaf(B, H), first, leaf(2 * H)]


def elstm_args(leaf: Leaf, first: Tensor, T: int, B: int, H: int) -> list[Tensor]:
    return [leaf(T, B, 2 * H), leaf(B, H), first, leaf(2 * H, scale=0.5)]


def attention_args(leaf: Leaf, first: Tensor, T: int, B: int, H: int) -> list[Tensor]:
    """Two heads of size H and a window of 5."""
    reach = torch.randint(0, 8, (B, T))
    return [leaf(B, 2, T, H), leaf(B, 2, 5 + T, H), leaf(B, 2, 5 + T, H), reach, leaf(B, 2, T, 6)]


def attention_args_without_bias(leaf: Leaf, first: Tensor, T: int, B: int, H: int) -> list[Tensor]:
    return attention_args(leaf, first, T, B, H)[:-1]


def hippo_cell_args(leaf: Leaf, first: Tensor, T: int, B: int, H: int) -> list[Tensor]:
    """Two channels of five coefficients."""
    to_u = leaf(T, B, 2)
    k = steps_since_start(first, torch.randint(0, 900, (B,)).to(to_u.dtype))
    state = [leaf(B, 2, 5), leaf(B, H)]
    return [to_u, leaf(T, B, 2 * H), *state, first, k, leaf(2, H, scale=0.5), leaf(2 * H, 10, scale=0.3)]


def heads_of(make_args: Callable[..., list[Tensor]]) -> Callable[..., list[Tensor]]:
    """Return a function that makes the arguments of a cell with three heads, or two."""
    return lambda *sizes: make_args(*sizes, heads=(3, 2))


CASES = (
    Case("gru_loop", gru_loop, gru_loop_reference, gru_args, product_weight=3, memory=GRU),
    Case("lstm_loop", lstm_loop, lstm_loop_reference, lstm_args, product_weight=4, memory=LSTM),
    Case("gru_loop, heads", gru_loop, gru_loop_reference, heads_of(gru_args), even=True, product_weight=3, memory=GRU),
    Case(
        "lstm_loop, heads", lstm_loop, lstm_loop_reference, heads_of(lstm_args),
        even=True, product_weight=4, memory=LSTM,
    ),
    Case("diag_scan", diag_scan, diag_scan_reference, scan_args),
    Case(
        "diag_scan of pairs", diag_scan, diag_scan_reference, scan_args,
        paired=(0, 1, 2), even=True, outputs=flat_pairs,
    ),
    Case("diag_scan, loop", diag_scan, diag_scan_reference, scan_args, backend="torch"),
    Case(
        "diag_scan of pairs, loop", diag_scan, diag_scan_reference, scan_args,
        paired=(0, 1, 2), even=True, outputs=flat_pairs, backend="torch",
    ),
    Case(
        "elementwise_loop, relu", elementwise_loop, elementwise_loop_reference, elementwise_args,
        options=("relu",), memory=IndRNN,
    ),
    Case(
        "elementwise_loop, tanh", elementwise_loop, elementwise_loop_reference, elementwise_args,
        options=("tanh",), memory=IndRNN,
    ),
    Case(
        "elementwise_loop of pairs", elementwise_loop, elementwise_loop_reference, elementwise_args,
        options=("tanh",), paired=(0, 1, 3), even=True, outputs=flat_pairs, memory=RTU,
    ),
    Case(
        "diagonal_loop, gru", diagonal_loop, diagonal_loop_reference, diagonal_gru_args,
        options=("gru",), memory=DiagonalGRU,
    ),
    Case(
        "diagonal_loop, lstm", diagonal_loop, diagonal_loop_reference, diagonal_lstm_args,
        options=("lstm",), paired=(1,), even=True, outputs=flat_pairs, memory=DiagonalLSTM,
    ),
    Case("elstm_loop", elstm_loop, elstm_loop_reference, elstm_args, outputs=lambda out: out[0], memory=ELSTM),
)  # fmt: skip
"""The recurrences that the laws of cores hold for."""

OTHERS = (
    Case("window_attention", window_attention, window_attention_reference, attention_args, EVERY_BACKEND[:2]),
    Case(
        "window_attention without bias", window_attention, window_attention_reference, attention_args_without_bias,
        EVERY_BACKEND[:2], options=(None,),
    ),
    Case(
        "hippo_cell_loop", hippo_cell_loop, hippo_cell_loop_reference, hippo_cell_args,
        EVERY_BACKEND[:2], options=(None, "bilinear"),
    ),
    Case(
        "hippo_cell_loop of a window", hippo_cell_loop, hippo_cell_loop_reference, hippo_cell_args,
        EVERY_BACKEND[:2], options=(torch.eye(5, dtype=torch.float64) / 2, "zoh"),
    ),
)  # fmt: skip
"""Cores whose other laws have test files of their own."""


def ids(cases: Iterable[Case]) -> list[str]:
    return [case.name for case in cases]


def run(core: Core, args: list[Tensor], weights: list[Tensor] | None = None) -> list[Tensor]:
    """Return the outputs, then the gradients of all arguments that want one."""
    out = core(*args)
    outputs = as_list(out)
    weights = weights or [torch.ones(()).expand_as(y) for y in outputs]
    loss = sum((y * w).sum() for y, w in zip(outputs, weights, strict=True))
    return [*outputs, *torch.autograd.grad(loss, [a for a in args if a.requires_grad])]


def relative(rough: Iterable[Tensor], exact: Iterable[Tensor]) -> float:
    """Return the largest relative error."""
    pairs = [(a.detach().cpu().double(), b.detach().double()) for a, b in zip(rough, exact, strict=True)]
    return max(float((a - b).norm() / b.norm().clamp_min(1e-30)) for a, b in pairs)


def assert_states_before_a_start_do_not_matter(core: Core, args: list[Tensor]) -> Tensor:
    """Assert that NaN before a start at step 0 changes nothing and gets no gradient; return `first`, now True there."""
    at = next(i for i, a in enumerate(args) if a.dtype == torch.bool)
    first, states = args[at], [i for i in range(at) if args[i].dim() == 2]
    first[0] = True
    clean = run(core, args)
    for i in states:
        args[i] = torch.full_like(args[i], float("nan")).requires_grad_()
    spoilt = run(core, args)
    for a, b in zip(clean, spoilt, strict=True):
        assert torch.equal(a, b)
    outputs = len(clean) - sum(a.requires_grad for a in args)
    assert all(spoilt[outputs + i].abs().max() == 0 for i in states)
    return first


def poisoned(real: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return a maker of tensors that fills them with NaN, or with a large number where they are whole."""

    def make(*args: object, **options: object) -> Tensor:
        made = real(*args, **options)
        return made.fill_(float("nan") if made.is_floating_point() else 10**9)

    return make


def outputs_and_gradients(core: Callable[..., Any], args: tuple[Any, ...], given: list[Tensor]) -> list[Tensor]:
    out = core(*args)
    out = as_list(out)
    leaves = [a for a in args if isinstance(a, Tensor) and a.requires_grad]
    return [*out, *torch.autograd.grad(out, leaves, given[: len(out)])]
