"""What a figure was measured on, and what the machine could do at most."""

import platform
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

PACKAGES = (
    "torch", "numpy", "numba", "triton", "gymnasium", "torchrl", "sb3-contrib", "accelerated-scan",
    "flash-linear-attention",
)  # fmt: skip
"""What a figure may depend on, where it is installed."""


def median(run: Callable[[], object], repeats: int = 9) -> float:
    """Seconds of one call, after a warm-up."""
    run()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return sorted(times)[repeats // 2]


def in_turns(
    runs: Sequence[Callable[[], object]], repeats: int = 9, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Seconds of one call of each, medians of calls that take turns, so that a busy machine is so for all."""
    times: list[list[float]] = [[] for _ in runs]
    for i in range(repeats + 1):
        for run, seconds in zip(runs, times, strict=True):
            _wait()
            began = clock()
            run()
            _wait()
            if i:  # the first is the warm-up
                seconds.append(clock() - began)
    return [sorted(seconds)[repeats // 2] for seconds in times]


def _wait() -> None:
    """For what the GPU still does."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def gemm_peak(size: int = 2048) -> float:
    """FLOP/s of a large float32 matrix product on the threads that torch has."""
    a, b = torch.randn(2, size, size)
    return 2 * size**3 / median(lambda: a @ b)


def _versions() -> Iterator[str]:
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            yield f"{name} {version(name)}"


def describe() -> list[str]:
    """Processor, cores, versions and commit, a line each."""
    cpu = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = f"{len(lines)} x {lines[0].partition(': ')[2]}" if lines else cpu
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=10"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return [
        f"machine: {cpu}, {platform.system()}",
        f"versions: {', '.join([f'Python {platform.python_version()}', *_versions()])}",
        f"commit: {commit or 'unknown'}",
    ]


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows))


def report(title: str, body: str, command: str, write: str | None) -> None:
    """Print a result with what it was measured on, and write it to a file if one is named."""
    lines = [f"# {title}", "", body, "", f"command: `{command}`", "", *(f"- {line}" for line in describe())]
    text = "\n".join(lines) + "\n"
    print(text)
    if write:
        Path(write).write_text(text)
