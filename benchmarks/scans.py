"""`diag_scan` beside the scans that other libraries have of the same recurrence, where they are installed.

    pip install accelerated-scan flash-linear-attention
    python benchmarks/scans.py                      on the CPU, beside what runs there
    python benchmarks/scans.py --device cuda        on a GPU, beside their kernels

Forward and backward from logits z and inputs b, both [T, B, N]: a = sigmoid(z), h' = a h + b, and 0 for h where an
episode begins. The others know no episodes: a is 0 there, or log a minus infinity, and that, and what brings their
layout about, is in their time. Before the race all are held against the loop that autograd differentiates, outputs and
gradients. Medians of runs that take turns; on the CPU one thread, in CPU time.
"""

import argparse
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from machine import in_turns, report, table  # isort: skip
from memorl.agents.experiment import keep_freed_memory
from memorl.kernels import diag_scan
from memorl.kernels.scan.reference import diag_scan_reference

Scan = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From z, b [T, B, N] and first [T, B] to the states [T, B, N]."""


def ours(z: Tensor, b: Tensor, first: Tensor) -> Tensor:
    return diag_scan(torch.sigmoid(z), b, torch.zeros_like(b[0]), first)


def loop(z: Tensor, b: Tensor, first: Tensor) -> Tensor:
    return diag_scan_reference(torch.sigmoid(z), b, torch.zeros_like(b[0]), first)


def _gates(z: Tensor, first: Tensor) -> Tensor:
    return torch.sigmoid(z).masked_fill(first[..., None], 0)


def torch_scan(z: Tensor, b: Tensor, first: Tensor) -> Tensor:
    """torch's own, still experimental; `pointwise` needs a GPU."""
    from torch._higher_order_ops import associative_scan

    def combine(left: tuple[Tensor, Tensor], right: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        return left[0] * right[0], left[1] * right[0] + right[1]

    mode = "pointwise" if z.is_cuda else "generic"
    return associative_scan(combine, (_gates(z, first), b), 0, combine_mode=mode)[1]


def accelerated(module: str) -> Scan:
    """accelerated-scan: [B, N, T] is what it takes."""

    def run(z: Tensor, b: Tensor, first: Tensor) -> Tensor:
        from importlib import import_module

        scan = import_module(f"accelerated_scan.{module}").scan
        y: Tensor = scan(*(x.permute(1, 2, 0).contiguous() for x in (_gates(z, first), b)))
        return y.permute(2, 0, 1)

    return run


def fla(name: str) -> Scan:
    """flash-linear-attention's HGRN: x [B, T, N], and the logarithms of a."""

    def run(z: Tensor, b: Tensor, first: Tensor) -> Tensor:
        from fla.ops import hgrn

        log_a = F.logsigmoid(z).masked_fill(first[..., None], float("-inf"))
        y: Tensor = getattr(hgrn, name)(*(x.transpose(0, 1).contiguous() for x in (b, log_a)))[0]
        return y.transpose(0, 1)

    return run


PEERS: dict[str, dict[str, Scan]] = {
    "cpu": {
        "a loop left to autograd": loop,
        "torch, associative_scan": torch_scan,
        "accelerated-scan, ref": accelerated("ref"),
    },
    "cuda": {
        "a loop left to autograd": loop,
        "torch, associative_scan": torch_scan,
        "accelerated-scan, scalar": accelerated("scalar"),
        "accelerated-scan, warp": accelerated("warp"),
        "fla, fused_recurrent_hgrn": fla("fused_recurrent_hgrn"),
        "fla, chunk_hgrn": fla("chunk_hgrn"),
    },
}


def race(T: int, B: int, N: int, rate: float, repeats: int, device: str) -> list[list[str]]:
    """A row for ours and for each peer: what it is, ms, its time to ours, its relative error."""
    z, b, dy = (torch.randn(T, B, N, device=device) for _ in range(3))
    leaves, first = [z.requires_grad_(), b.requires_grad_()], torch.rand(T, B, device=device) < rate

    def both(scan: Scan) -> list[Tensor]:
        y = scan(*leaves, first)
        return [y, *torch.autograd.grad(y, leaves, dy)]

    exact, runs, errors = both(loop), {}, {}
    for name, scan in {"ours": ours, **PEERS[device]}.items():
        try:
            found = both(scan)
        except Exception as reason:
            print(f"{name} is not in the race: {type(reason).__name__}: {reason}")
            continue
        errors[name] = max(float(((x - y).norm() / y.norm()).detach()) for x, y in zip(found, exact, strict=True))
        runs[name] = lambda s=scan: both(s)  # type: ignore[misc]
    assert errors["ours"] < 1e-5, f"relative error {errors['ours']}"
    times = in_turns(list(runs.values()), repeats, time.perf_counter if device == "cuda" else time.process_time)
    return [
        [str(T), str(B), name, f"{seconds * 1e3:.2f}", f"{seconds / times[0]:.1f}x", f"{errors[name]:.0e}"]
        for name, seconds in zip(runs, times, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--batch", type=int, nargs="+", help="4 16 64 on the CPU, 256 1024 4096 on a GPU")
    parser.add_argument("--steps", type=int, nargs="+", default=[128, 512], help="T")
    parser.add_argument("--size", type=int, default=256, help="N")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--write", help="Markdown file for the result")
    args = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    cuda = args.device == "cuda"
    shapes = [(T, B) for T in args.steps for B in args.batch or ([256, 1024, 4096] if cuda else [4, 16, 64])]
    rows = [row for T, B in shapes for row in race(T, B, args.size, 1 / 32, args.repeats, args.device)]
    body = f"N = {args.size}, starts 1/32:\n\n" + table(["T", "B", "what", "ms", "to ours", "error"], rows)
    report("Linear recurrences", body, "python benchmarks/scans.py" + " --device cuda" * cuda, args.write)


if __name__ == "__main__":
    main()
