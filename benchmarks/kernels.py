"""The recurrent cores on this machine, beside `torch.nn` without resets.

    python benchmarks/kernels.py

Forward and backward over T = 128 steps, H = 256 units, starts at a rate of 1/32, median of `--repeats`. Before the race
each core is held against its reference.
"""

import argparse

import torch
import torch.nn.functional as F

from machine import median, report, table  # isort: skip
from memorl.kernels.gru_loop import gru_loop_reference
from memorl.kernels.lstm_loop import lstm_loop_reference
from memorl.memory import GRU, LSTM, Memory

PAIRS: dict[str, tuple[type[Memory], type[torch.nn.RNNBase]]] = {
    "GRU": (GRU, torch.nn.GRU),
    "LSTM": (LSTM, torch.nn.LSTM),
}


def gate(name: str, memory: Memory, x: torch.Tensor, first: torch.Tensor) -> float:
    """The relative error of the core against its reference in float32; the race is off above 1e-5."""
    w = dict(memory.named_parameters())
    h = memory.initial_state(x.shape[1])["h"]
    if name == "GRU":
        gates = F.linear(x, w["weight_ih_l0"], w["bias_ih_l0"])
        exact = gru_loop_reference(gates, h, first, w["weight_hh_l0"], w["bias_hh_l0"])
    else:
        gates = F.linear(x, w["weight_ih_l0"], w["bias_ih_l0"] + w["bias_hh_l0"])
        exact, _ = lstm_loop_reference(gates, h, h, first, w["weight_hh_l0"])
    error = float(((memory(x, None, first)[0] - exact).norm() / exact.norm()).detach())
    assert error < 1e-5, f"{name}: relative error {error}"
    return error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, nargs="+", default=[4, 16, 64])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--write", help="Markdown file for the result")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    T, H, rows = 128, 256, []
    for name, (ours, peer) in PAIRS.items():
        for B in args.batch:
            memory, other = ours(H, H), peer(H, H)
            x, first = torch.randn(T, B, H, requires_grad=True), torch.rand(T, B) < 1 / 32
            error = gate(name, memory, x, first)
            own = median(lambda m=memory, x=x, f=first: m(x, None, f)[0].sum().backward(), args.repeats)
            base = median(lambda m=other, x=x: m(x)[0].sum().backward(), args.repeats)
            rows.append([name, str(B), f"{own * 1e3:.1f}", f"{base * 1e3:.1f}", f"{base / own:.2f}x", f"{error:.0e}"])
    header = ["cell", "B", "with starts 1/32, ms", "torch.nn without, ms", "ratio", "error"]
    report("Recurrent cores", table(header, rows), f"python benchmarks/kernels.py --threads {args.threads}", args.write)


if __name__ == "__main__":
    main()
