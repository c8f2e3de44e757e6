"""One process that runs jobs, one after the other, until none is left.

A job is taken by a lock on a file of its folder, which the process of train.py holds as well: a job is nobody else's
before both have ended. What is done is seen from what is on disk alone, so that a worker may end at any moment: a run
goes on from its newest checkpoint, and what is kept of it appears at once.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from outcome import write_outcome
from plan import ROOT, Job, read_jobs

SECONDS_BETWEEN_LOOKS = 2.0


class JobFailed(Exception):
    """A script of a job ended with an error."""


class Stopped(Exception):
    """The worker was asked to stop."""


@contextmanager
def lock(path: Path) -> Iterator[IO[str] | None]:
    """Hold a file against other processes; yield None if one of them holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield None
        else:
            yield file


def is_held(path: Path) -> bool:
    """Return whether another process holds a file."""
    with lock(path) as file:
        return file is None


def steps_saved(run: Path) -> int:
    """Return the step of the newest checkpoint of a run; 0 if it has none."""
    names = sorted(path.stem for path in (run / "checkpoints").glob("step-*.pt"))
    return int(names[-1].partition("-")[2]) if names else 0


def processor_seconds(process: int) -> float:
    """Return the processor time that a process has used, where /proc says it."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Worker:
    """Runs the jobs of some plans.

    Args:
        home: The folder of runs, one folder a job.
        results: The folder of what is kept.
        plans: The folder of plans.
    """

    def __init__(self, home: Path, results: Path, plans: Path) -> None:
        self.home = home
        self.results = results
        self.plans = plans
        self.is_stopping = False
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, *_: Any) -> None:
        self.is_stopping = True

    def work(self) -> None:
        """Run every job that is neither done nor another's, the first of the plans first."""
        for job in read_jobs(self.plans):
            folder = self.home / job.study / job.name
            outcome = self.results / job.study / job.name
            if outcome.exists() or (folder / "failed").exists():
                continue
            with lock(folder / "lock") as file:
                if file is None or outcome.exists():
                    continue
                try:
                    self._run(job, folder, file)
                    outcome.parent.mkdir(parents=True, exist_ok=True)
                    write_outcome(folder / "run", outcome, json.loads((folder / "cost.json").read_text()))
                    shutil.rmtree(folder / "run")
                except JobFailed as error:
                    (folder / "failed").write_text(f"{error}\n")
                except Stopped:
                    return

    def _run(self, job: Job, folder: Path, file: IO[str]) -> None:
        run = folder / "run"
        while steps_saved(run) < job.steps:
            if steps_saved(run):
                arguments = [f"resume={run}"]
            else:
                shutil.rmtree(run, ignore_errors=True)
                arguments = [*job.train, "threads=1", f"run_dir={run}"]
            self._call("train.py", arguments, folder, file)
        if job.evaluate is not None and not list((run / "evaluation").glob("*.json")):
            self._call("evaluate.py", [*job.evaluate, f"checkpoint={run}"], folder, file)

    def _call(self, script: str, arguments: list[str], folder: Path, file: IO[str]) -> None:
        """Run a script and wait; Stopped if the worker was asked to stop meanwhile."""
        if self.is_stopping:
            raise Stopped
        cost = folder / "cost.json"
        spent = json.loads(cost.read_text()) if cost.exists() else {"wall_hours": 0.0, "processor_hours": 0.0}
        command = [sys.executable, str(ROOT / script), *arguments]
        with (folder / "log").open("a") as log:
            print(*command, file=log, flush=True)
            began = time.monotonic()
            child = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, pass_fds=[file.fileno()])
            code = None
            while code is None:
                used = processor_seconds(child.pid)
                with suppress(subprocess.TimeoutExpired):
                    code = child.wait(SECONDS_BETWEEN_LOOKS)
                now = {
                    "wall_hours": spent["wall_hours"] + (time.monotonic() - began) / 3600,
                    "processor_hours": spent["processor_hours"] + used / 3600,
                }
                unfinished = cost.with_suffix(".new")
                unfinished.write_text(json.dumps(now))
                unfinished.replace(cost)
        if self.is_stopping:
            raise Stopped
        if code:
            raise JobFailed(f"{script} ended with {code}: {(folder / 'log').read_text()[-2000:]}")


if __name__ == "__main__":
    home, results, plans, number = sys.argv[1:]
    os.nice(19)
    with lock(Path(home) / "workers" / f"{number}.lock") as held:
        if held is not None:
            (Path(home) / "workers" / f"{number}.pid").write_text(str(os.getpid()))
            Worker(Path(home), Path(results), Path(plans)).work()
