"""The recurrent cores on this machine, beside `torch.nn` without resets, and TorchRL with them where it is installed.

    python benchmarks/kernels.py                      on the CPU
    python benchmarks/kernels.py --device cuda        on a GPU, beside cuDNN, packed cuDNN, a loop and TorchRL's kernels

Forward and backward of a whole layer, H = 256 units. Each figure is a median; ours and the peer's are taken in turns.
Before the race each core is held against its reference in float64, outputs and gradients.
"""

import argparse
import sys
from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from machine import in_turns, report, table  # isort: skip
from memorl.kernels.common.packing import pack_runs
from memorl.kernels.gru.reference import gru_loop_reference
from memorl.kernels.lstm.reference import lstm_loop_reference
from memorl.memory import GRU, LSTM, Memory

H = 256
PAIRS: dict[str, tuple[type[Memory], type[torch.nn.RNNBase]]] = {
    "GRU": (GRU, torch.nn.GRU),
    "LSTM": (LSTM, torch.nn.LSTM),
}
FLOOR = {"GRU": 17, "LSTM": 22}
"""Numbers of H that must move per place, forward and backward, if gates are made again and not kept."""

told = cache(print)
"""Says everything once."""


def reference(name: str, w: dict[str, Tensor], x: Tensor, first: Tensor) -> Tensor:
    """The outputs by the loop that autograd differentiates."""
    h = x.new_zeros(x.shape[1], H)
    if name == "GRU":
        gates = F.linear(x, w["weight_ih_l0"], w["bias_ih_l0"])
        return gru_loop_reference(gates, h, first, w["weight_hh_l0"], w["bias_hh_l0"])
    gates = F.linear(x, w["weight_ih_l0"], w["bias_ih_l0"] + w["bias_hh_l0"])
    return lstm_loop_reference(gates, h, h, first, w["weight_hh_l0"])[0]


def gate(name: str, memory: Memory, x: Tensor, first: Tensor) -> float:
    """The largest relative error of outputs and gradients against the reference; the race is off where it is large."""
    w = {key: value.detach().double().requires_grad_() for key, value in memory.named_parameters()}
    exact = reference(name, w, x.detach().double(), first)
    dy = torch.randn_like(exact)
    y = memory(x.detach(), None, first)[0]
    ours = [y, *torch.autograd.grad(y, list(memory.parameters()), dy.float())]
    error = 0.0
    for a, b in zip(ours, [exact, *torch.autograd.grad(exact, list(w.values()), dy)], strict=True):
        error = max(error, float(((a - b).norm() / b.norm()).detach()))
    assert error < (1e-5 if torch.get_float32_matmul_precision() == "highest" else 2e-3), (
        f"{name}: relative error {error}"
    )
    return error


def training(run: Callable[[], Tensor]) -> Callable[[], None]:
    """Forward and backward."""
    return lambda: run().sum().backward()


def race(name: str, T: int, B: int, rate: float, repeats: int) -> tuple[list[float], float]:
    """Seconds of ours, of `torch.nn` without resets and of TorchRL's default, if it is there, and the error."""
    ours, peer = PAIRS[name]
    memory, other = ours(H, H), peer(H, H)
    x, first = torch.randn(T, B, H, requires_grad=True), torch.rand(T, B) < rate
    error = gate(name, memory, x, first)
    runs = [training(lambda: memory(x, None, first)[0]), training(lambda: other(x)[0])]
    if torchrl := torchrl_layer(name, x, first, "pad"):
        runs.append(training(torchrl))
    return in_turns(runs, repeats), error


def on_cpu(batches: list[int], threads: int, repeats: int) -> str:
    """The race over batches and rates of starts, and how the time grows."""
    torch.set_num_threads(threads)
    rows = []
    for name in PAIRS:
        for B in batches:
            for rate in ("0", "1/128", "1/32", "1/16"):
                (own, *others), error = race(name, 128, B, _number(rate), repeats)
                beside = [figure for other in others for figure in (f"{other * 1e3:.1f}", f"{other / own:.2f}x")]
                rows.append([name, str(B), rate, f"{error:.0e}", f"{own * 1e3:.1f}", *beside])
    header = ["cell", "B", "starts", "error", "ours, ms", "torch.nn without, ms", "ratio", "TorchRL, ms", "ratio"]
    races = table(header[: len(rows[0])], rows)
    rows = []
    for name in PAIRS:
        for T, B in ((32, 16), (64, 16), (128, 16), (256, 16), (128, 8), (128, 32), (128, 64)):
            (own, *_), _ = race(name, T, B, 1 / 32, repeats)
            rows.append([name, str(T), str(B), f"{own * 1e3:.1f}", f"{own / T / B * 1e6:.1f}"])
    return f"T = 128:\n\n{races}\n\nStarts 1/32:\n\n" + table(["cell", "T", "B", "ms", "us a place"], rows)


def on_gpu(batches: list[int], repeats: int, device: str, T: int) -> str:
    """Race against what else a GPU has; on the device "cpu" this is a rehearsal, whose figures mean nothing."""
    numbers = 2**28 if device == "cuda" else 2**16
    (seconds,) = in_turns([torch.ones(numbers, device=device).clone], repeats)
    bandwidth, rows = 2 * 4 * numbers / seconds, []
    for name, (ours, peer) in PAIRS.items():
        for B in batches:
            for rate in ("0", "1/128", "1/32"):
                memory, other = ours(H, H).to(device), peer(H, H).to(device)
                x = torch.randn(T, B, H, device=device, requires_grad=True)
                first = (torch.rand(T, B) < _number(rate)).to(device)
                error, parameters = gate(name, memory, x, first), dict(memory.named_parameters())
                runs = {
                    "ours": training(lambda m=memory, x=x, f=first: m(x, None, f)[0]),
                    "cuDNN without starts": training(lambda o=other, x=x: o(x)[0]),
                    "cuDNN packed": training(lambda o=other, x=x, f=first: packed(o, x, f)),
                    "loop": training(lambda n=name, w=parameters, x=x, f=first: reference(n, w, x, f)),
                }
                if torchrl := torchrl_layer(name, x, first, "triton"):
                    runs["TorchRL, triton"] = training(torchrl)
                times = in_turns(list(runs.values()), repeats)
                moved = FLOOR[name] * H * 4 * T * B / times[0]
                for label, seconds in zip(runs, times, strict=True):
                    rows.append([name, str(B), rate, label, f"{seconds * 1e3:.2f}", f"{seconds / times[0]:.2f}"])
                rows[-len(runs)] += [f"{moved / 1e9:.0f}", f"{100 * moved / bandwidth:.0f} %", f"{error:.0e}"]
                for row in rows[-len(runs) :]:
                    print(*row, file=sys.stderr)  # what is measured is not lost where the time is up
    for row in rows:
        row += [""] * (9 - len(row))
    header = ["cell", "B", "starts", "what", "ms", "to ours", "GB/s", "of a copy", "error"]
    card = torch.cuda.get_device_name() if device == "cuda" else "no GPU, a rehearsal"
    return f"{card}, a copy moves {bandwidth / 1e9:.0f} GB/s\n\n" + table(header, rows)


def packed(layer: torch.nn.RNNBase, x: Tensor, first: Tensor) -> Tensor:
    """Every run a sequence of its own, as cuDNN takes them; the indices, and their way to the CPU, are in the time."""
    runs = pack_runs(first)
    sequences = PackedSequence(runs.pack(x), torch.tensor(runs.sizes))
    return runs.unpack(layer(sequences)[0].data, x)


def torchrl_layer(name: str, x: Tensor, first: Tensor, backend: str) -> Callable[[], Tensor] | None:
    """TorchRL's layer with a backend of its own, where it is installed and has it."""
    try:
        from tensordict import TensorDict
        from torchrl.modules import GRUModule, LSTMModule, set_recurrent_mode

        states = ["h"] if name == "GRU" else ["h", "c"]
        keys = {"in_keys": ["x", *states], "out_keys": ["y", *(("next", s) for s in states)]}
        cls = GRUModule if name == "GRU" else LSTMModule
        layer = cls(input_size=H, hidden_size=H, recurrent_backend=backend, **keys).to(x.device)
        T, B = first.shape
        zeros = x.new_zeros(B, T, 1, H)
        rows = {"x": x.transpose(0, 1), "is_init": first.t()[..., None], **dict.fromkeys(states, zeros)}

        def run() -> Tensor:
            with set_recurrent_mode(True):
                return layer(TensorDict(rows, [B, T]))["y"]

        run()
    except Exception as reason:
        told(f"TorchRL is not in the race: {reason}")
        return None
    return run


def _number(rate: str) -> float:
    over, _, under = rate.partition("/")
    return int(over) / int(under or 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--batch", type=int, nargs="+", help="4 16 64 on the CPU, 256 1024 4096 on a GPU")
    parser.add_argument("--precision", choices=["highest", "high"], default="highest", help="on a GPU high is TF32")
    parser.add_argument("--dry-run", action="store_true", help="rehearse the race of a GPU on the CPU, small")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--write", help="Markdown file for the result")
    args = parser.parse_args()
    torch.set_float32_matmul_precision(args.precision)
    torch.backends.cudnn.allow_tf32 = args.precision == "high"
    if args.dry_run:
        body, command = on_gpu([2], 1, "cpu", 4), "python benchmarks/kernels.py --dry-run"
    elif args.device == "cpu":
        body = on_cpu(args.batch or [4, 16, 64], args.threads, args.repeats)
        command = f"python benchmarks/kernels.py --threads {args.threads}"
    else:
        body, command = (
            on_gpu(args.batch or [256, 1024, 4096], args.repeats, "cuda", 128),
            "python benchmarks/kernels.py --device cuda",
        )
    report("Recurrent cores", body, command, args.write)


if __name__ == "__main__":
    main()
