"""The element-wise and diagonal cores beside the same recurrence left to autograd, and RTRL beside backpropagation.

    python benchmarks/diagonal.py                      on the CPU
    python benchmarks/diagonal.py --device cuda        the cores on a GPU, also as bytes a second

Forward and backward, starts at a rate of 1/32, one thread, median of `--repeats`; in CPU time, which a busy machine
disturbs less. Before its race each core is held against its reference, and RTRL's gradient against the whole history's.
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor

from machine import in_turns, report, table  # isort: skip
from memorl.agents.experiment import keep_freed_memory
from memorl.kernels import diag_scan, diagonal_loop, elementwise_loop, elstm_loop
from memorl.kernels.diagonal.reference import diagonal_loop_reference
from memorl.kernels.elementwise.reference import elementwise_loop_reference
from memorl.kernels.elstm.reference import elstm_loop_reference
from memorl.kernels.scan.reference import diag_scan_reference
from memorl.memory import ELSTM

Core = Callable[..., Tensor]
CORES: dict[str, tuple[Core, Core, tuple[str, ...], bool]] = {
    "diag_scan": (diag_scan, diag_scan_reference, ("a", "gates", "h", "first"), False),
    "diag_scan, complex": (diag_scan, diag_scan_reference, ("a", "gates", "h", "first"), True),
    "elementwise_loop, relu": (elementwise_loop, elementwise_loop_reference, ("gates", "h", "first", "r"), False),
    "elementwise_loop, pairs": (elementwise_loop, elementwise_loop_reference, ("gates", "h", "first", "r"), True),
    "diagonal_loop, gru": (diagonal_loop, diagonal_loop_reference, ("gates3", "h", "first", "r3"), False),
    "diagonal_loop, lstm": (diagonal_loop, diagonal_loop_reference, ("gates4", "h", "first", "r4"), True),
    "elstm_loop": (
        lambda *a: elstm_loop(*a)[0],
        lambda *a: elstm_loop_reference(*a)[0],
        ("gates2", "h", "first", "r2"),
        False,
    ),
}

MOVED = {"diag_scan": 8, "elementwise_loop": 5, "diagonal_loop, gru": 12, "diagonal_loop, lstm": 9, "elstm_loop": 13}
"""Numbers that must move for each of the state, forward and backward."""


def race_of_cores(T: int, N: int, batches: list[int], repeats: int, device: str) -> str:
    rows, copied = [], 0.0
    if device == "cuda":
        copied = 2 * 4 * 2**28 / in_turns([torch.ones(2**28, device="cuda").clone], repeats)[0]
    for name, (fast, reference, wanted, pairs) in CORES.items():
        for B in batches:
            last = [2] * pairs
            made = {
                "a": torch.rand(T, B, N, *last) / 2,
                "gates": torch.randn(T, B, N, *last),
                **{f"gates{G}": torch.randn(T, B, G * N) for G in (2, 3, 4)},
                "h": torch.randn(B, N, *last),
                "r": torch.rand(N, *last) / 2,
                **{f"r{G}": torch.rand(G * N) for G in (2, 3, 4)},
            }
            leaves = {key: value.to(device).requires_grad_() for key, value in made.items() if key in wanted}
            first, dy = (torch.rand(T, B) < 1 / 32).to(device), torch.randn(T, B, N, *last).to(device)
            args = [first if key == "first" else leaves[key] for key in wanted]
            extra = [name.partition(", ")[2].replace("pairs", "tanh")] * ("_loop, " in name)

            def both(core: Core, args=args, extra=extra, leaves=leaves, dy=dy) -> tuple[Tensor, ...]:  # type: ignore[no-untyped-def]
                return torch.autograd.grad(core(*args, *extra), list(leaves.values()), dy)

            pairs_of = zip(both(fast), both(reference), strict=True)
            error = max(float((a - b).norm() / b.norm()) for a, b in pairs_of)
            assert error < 1e-5, f"{name}: relative error {error}"
            runs = [lambda c=c: both(c) for c in (fast, reference)]  # type: ignore[misc]
            own, base = in_turns(runs, repeats, time.perf_counter if copied else time.process_time)
            rows.append([name, str(B), f"{own * 1e3:.2f}", f"{base * 1e3:.1f}", f"{base / own:.1f}x", f"{error:.0e}"])
            if copied:
                rate = next(n for core, n in MOVED.items() if name.startswith(core)) * 4 * dy.numel() / own
                rows[-1] += [f"{rate / 1e9:.0f}", f"{100 * rate / copied:.0f} %"]
    header = ["core", "B", "ms", "left to autograd, ms", "ratio", "error", *["GB/s", "of a copy"] * bool(copied)]
    return table(header, rows)


def race_of_credit(B: int, D: int, repeats: int) -> str:
    rows = []
    for N in (128, 256):
        for T in (32, 64, 128):
            plain, ours = ELSTM(D, N), ELSTM(D, N, credit="rtrl")
            ours.load_state_dict(plain.state_dict())
            x, first = torch.randn(2 * T, B, D), torch.rand(2 * T, B) < 1 / 32
            with torch.no_grad():
                _, state = ours(x[:T], None, first[:T])

            def chunk(memory: ELSTM, x=x, first=first, state=state, T=T) -> None:  # type: ignore[no-untyped-def]
                known = state if memory.credit == "rtrl" else {"h": state["h"]}
                memory(x[T:], known, first[T:])[0].sum().backward()

            error = gate(plain, ours, x, first, state)
            runs = [lambda m=m: chunk(m) for m in (plain, ours)]  # type: ignore[misc]
            base, own = in_turns(runs, repeats, time.process_time)
            rows.append([str(N), str(T), f"{own * 1e3:.1f}", f"{base * 1e3:.1f}", f"{own / base:.2f}", f"{error:.0e}"])
    return table(["N", "T", "rtrl, ms", "bptt, ms", "rtrl / bptt", "error"], rows)


def gate(plain: ELSTM, ours: ELSTM, x: Tensor, first: Tensor, state: dict[str, Tensor]) -> float:
    """The relative error of a chunk's gradient by RTRL against backpropagation through the chunk before it as well."""
    T = len(x) // 2
    (exact,) = torch.autograd.grad(plain(x, None, first)[0][T:].sum(), plain.F)
    (found,) = torch.autograd.grad(ours(x[T:], state, first[T:])[0].sum(), ours.F)
    error = float((found - exact).norm() / exact.norm())
    assert error < 1e-4, f"relative error {error}"
    return error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--batch", type=int, nargs="+", help="4 16 64 on the CPU, 256 1024 4096 on a GPU")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--write", help="Markdown file for the result")
    args = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    batches, command = args.batch or [4, 16, 64], "python benchmarks/diagonal.py"
    if args.device == "cuda":
        batches, command = args.batch or [256, 1024, 4096], f"{command} --device cuda"
    body = f"T = 128, N = 256:\n\n{race_of_cores(128, 256, batches, args.repeats, args.device)}"
    if args.device == "cpu":
        body += f"\n\nA chunk of the element-wise LSTM, B = 16, D = 64:\n\n{race_of_credit(16, 64, args.repeats)}"
    report("Diagonal recurrences", body, command, args.write)


if __name__ == "__main__":
    main()
