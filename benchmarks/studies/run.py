"""A queue of studies that fills the idle time of a machine.

    python benchmarks/studies/run.py start      # a process a core, of low priority; goes on where it was ended
    python benchmarks/studies/run.py status
    python benchmarks/studies/run.py pause      # for timings; `resume` goes on
    python benchmarks/studies/run.py stop       # saves every run and ends

Runs lie in the folder that MEMORL_STUDIES names, ~/memorl-studies without it. What is kept of a run that has ended goes
into benchmarks/results/studies/, which `python compare.py benchmarks/results/studies/<study>` compares. A job that
failed is tried again by `start`; its log says why.
"""

import argparse
import csv
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from plan import PLANS, ROOT, Job, read_jobs  # isort: skip
from worker import is_held, steps_saved  # isort: skip

RESULTS = ROOT / "benchmarks" / "results" / "studies"


def workers(home: Path) -> dict[int, int]:
    """Return the process of each worker that is alive, by its number."""
    numbers = [int(path.stem) for path in (home / "workers").glob("*.lock")]
    alive = [number for number in sorted(numbers) if is_held(home / "workers" / f"{number}.lock")]
    return {number: int((home / "workers" / f"{number}.pid").read_text()) for number in alive}


def start(args: argparse.Namespace) -> None:
    """Start the workers that are missing."""
    for failed in args.home.glob("*/*/failed"):
        failed.unlink()
    (args.home / "workers").mkdir(parents=True, exist_ok=True)
    alive = workers(args.home)
    for number in range(args.jobs):
        if number in alive:
            continue
        command = [sys.executable, str(Path(__file__).with_name("worker.py"))]
        with (args.home / "workers" / f"{number}.log").open("a") as log:
            subprocess.Popen(
                [*command, str(args.home), str(args.results), str(args.plans), str(number)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
    send(args, signal.SIGCONT)
    print(f"{args.jobs} processes; runs in {args.home}, what is kept in {args.results}")


def send(args: argparse.Namespace, number: signal.Signals) -> None:
    """Send a signal to every worker and its scripts."""
    for process in workers(args.home).values():
        with suppress(ProcessLookupError):
            os.killpg(process, number)


def stop(args: argparse.Namespace) -> None:
    """End every worker, and wait until the runs are saved."""
    send(args, signal.SIGTERM)
    send(args, signal.SIGCONT)
    while workers(args.home):
        time.sleep(0.2)


def describe(job: Job, args: argparse.Namespace) -> str:
    """Return whether a job is done, failed, running or waiting."""
    folder = args.home / job.study / job.name
    if (args.results / job.study / job.name).exists():
        return "done"
    if (folder / "failed").exists():
        return "failed"
    return "running" if (folder / "lock").exists() and is_held(folder / "lock") else "waiting"


def last_step(run: Path) -> int:
    """Return the step of the last row of the figures of a run."""
    with suppress(OSError, ValueError, LookupError), (run / "metrics.csv").open(newline="") as file:
        return int([row["step"] for row in csv.DictReader(file)][-1])
    return steps_saved(run)


def status(args: argparse.Namespace) -> None:
    """Print how far each study is, and each run at work."""
    jobs = read_jobs(args.plans)
    states = {job: describe(job, args) for job in jobs}
    for study in dict.fromkeys(job.study for job in jobs):
        own = [state for job, state in states.items() if job.study == study]
        counts = ", ".join(f"{own.count(state)} {state}" for state in ("done", "running", "failed", "waiting"))
        print(f"{study}: {counts} ({own.count('done') / len(own):.0%} done)")
    for job, state in states.items():
        folder = args.home / job.study / job.name
        if state == "running":
            print(f"  {job.study}/{job.name}: {last_step(folder / 'run'):,} of {job.steps:,} steps")
        if state == "failed":
            print(f"  {job.study}/{job.name} failed: {folder / 'log'}")
    print(f"{len(workers(args.home))} processes at work in {args.home}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["start", "status", "pause", "resume", "stop"])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many runs at a time")
    parser.add_argument("--plans", type=Path, default=PLANS, help="folder of plans")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of what is kept")
    args = parser.parse_args()
    args.home = Path(os.environ.get("MEMORL_STUDIES", "~/memorl-studies")).expanduser().absolute()
    args.plans = args.plans.absolute()
    args.results = args.results.absolute()
    if args.command == "pause":
        send(args, signal.SIGSTOP)
    elif args.command == "resume":
        send(args, signal.SIGCONT)
    else:
        {"start": start, "status": status, "stop": stop}[args.command](args)


if __name__ == "__main__":
    main()
