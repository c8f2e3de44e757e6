"""The queue of studies: its plans can be run, and its results are the same after any number of kills."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.recorded import record
from tests.support.runs import SMALL, composed
from tests.support.scripts import ROOT

STUDIES = ROOT / "benchmarks" / "studies"
sys.path.insert(0, str(STUDIES))
from outcome import thin, write_outcome  # type: ignore[import-not-found]  # noqa: E402
from plan import read_jobs  # type: ignore[import-not-found]  # noqa: E402
from report import report  # type: ignore[import-not-found]  # noqa: E402
from run import last_step  # type: ignore[import-not-found]  # noqa: E402

KILLS = 10


def write_plan(folder: Path, **entries: object) -> None:
    plan = {"question": "?", "predicted": "!", "steps": 16_000, "train": [], **entries}
    folder.mkdir(exist_ok=True)
    (folder / "1_study.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))


def test_every_job_is_a_run_that_train_takes() -> None:
    jobs = read_jobs()
    assert jobs
    tried: set[tuple[str, str]] = set()
    for job in jobs:
        arguments = {(job.study, argument) for argument in job.train if not argument.startswith("seed=")}
        if not arguments <= tried:
            assert composed(*job.train, "run_dir=none")["total_steps"] == job.steps
            tried |= arguments


def test_a_job_is_a_choice_of_each_entry(tmp_path: Path) -> None:
    grid = {"seed": [0, 1], "memory": {"gru": ["memory=gru", "memory.hidden_size=8"], "none": ["memory=none"]}}
    write_plan(tmp_path, train=["env=copy"], grid=grid, evaluate=["levels=4"])
    names = [job.name for job in read_jobs(tmp_path)]
    assert names == ["s0-gru", "s0-none", "s1-gru", "s1-none"]
    last = read_jobs(tmp_path)[2]
    assert last.train == ("env=copy", "total_steps=16000", "seed=1", "memory=gru", "memory.hidden_size=8")
    assert last.evaluate == ("levels=4",)


def test_all_memories_join_by_themselves(tmp_path: Path) -> None:
    write_plan(tmp_path, grid={"memory": {"gru": ["memory=gru", "memory.hidden_size=8"], "all": None}})
    trained = {job.name: job.train[1:] for job in read_jobs(tmp_path)}
    assert trained.keys() == {path.stem for path in (ROOT / "configs/memory").glob("*.yaml")}
    assert trained["gru"] == ("memory=gru", "memory.hidden_size=8")
    assert trained["lru"] == ("memory=lru",)


def test_a_curve_is_thinned_to_means() -> None:
    rows = [{"step": str(10 * i), "return": str(i) if i % 2 else "", "loss": "nan"} for i in range(1, 11)]
    assert thin(rows, 5)[0] == {"step": "20", "return": "1", "loss": ""}
    assert [row["step"] for row in thin(rows, 3)] == ["30", "60", "100"]
    assert thin(rows[:2], 5) == [{"step": "10", "return": "1", "loss": ""}, {"step": "20", "return": "", "loss": ""}]
    assert thin([], 5) == []


def test_a_page_has_a_section_for_each_study_with_results(tmp_path: Path) -> None:
    write_plan(
        tmp_path / "plans", grid={"seed": [0, 1, 2]}, question="Is it so?", predicted="It is.", outcome="It was."
    )
    for seed in range(2):
        run = record(tmp_path / "runs" / str(seed), [0.25, 0.5], seed=seed)
        (run / "checkpoints").mkdir()
        write_outcome(run, tmp_path / "results" / "study" / f"s{seed}", {"wall_hours": 2.0, "processor_hours": 1.5})
    report(tmp_path / "plans", tmp_path / "results", tmp_path / "results.md")
    page = (tmp_path / "results.md").read_text()
    for text in ("## Study", "Is it so?", "**Predicted.** It is.", "**Found.** It was.", "2 of 3 runs, 3.0 hours"):
        assert text in page
    assert "| RepeatPrevious | all alike | 200 | 0.5 [0.5, 0.5] | 2 |" in page
    assert (tmp_path / "results" / "study.png").read_bytes()[:4] == b"\x89PNG"
    assert str(tmp_path) not in "".join(p.read_text() for p in (tmp_path / "results" / "study").rglob("*.yaml"))


def test_the_status_tells_how_far_each_study_is(tmp_path: Path) -> None:
    write_plan(tmp_path / "plans", grid={"seed": [0, 1, 2, 3]})
    (tmp_path / "results" / "study" / "s0").mkdir(parents=True)
    (tmp_path / "home" / "study" / "s1").mkdir(parents=True)
    (tmp_path / "home" / "study" / "s1" / "failed").write_text("train.py ended with 1")
    command = [sys.executable, str(STUDIES / "run.py"), "status", "--plans", str(tmp_path / "plans")]
    environment = os.environ | {"MEMORL_STUDIES": str(tmp_path / "home")}
    done = subprocess.run(
        [*command, "--results", str(tmp_path / "results")], env=environment, capture_output=True, text=True, check=True
    )
    assert "study: 1 done, 0 running, 1 failed, 2 waiting (25% done)" in done.stdout
    assert "0 processes at work" in done.stdout


def test_the_step_of_a_run_is_that_of_its_last_row(tmp_path: Path) -> None:
    assert last_step(tmp_path) == 0
    (tmp_path / "metrics.csv").write_text("step,charts/episodic_return\n")
    assert last_step(tmp_path) == 0
    (tmp_path / "metrics.csv").write_text("step,charts/episodic_return\n40,\n80,1.5\n")
    assert last_step(tmp_path) == 80


class Queue:
    """Workers on the jobs of a plan, in sessions of their own, which one signal reaches whole."""

    def __init__(self, folder: Path, plans: Path) -> None:
        self.folder = folder
        self.results = folder / "results"
        self.arguments = [str(folder / "home"), str(self.results), str(plans)]
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, workers: int) -> None:
        command = [sys.executable, str(STUDIES / "worker.py"), *self.arguments]
        self.processes = [subprocess.Popen([*command, str(i)], start_new_session=True) for i in range(workers)]

    def kill(self) -> None:
        for process in self.processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def wait(self, seconds: float | None = None) -> bool:
        """Return whether all ended by themselves in this time."""
        try:
            return all(process.wait(seconds) == 0 for process in self.processes)
        except subprocess.TimeoutExpired:
            return False

    def outcome(self) -> dict[str, bytes]:
        files = [path for path in self.results.rglob("*") if path.is_file() and path.name != "cost.json"]
        return {str(path.relative_to(self.results)): path.read_bytes() for path in files}


@pytest.mark.slow
def test_kills_change_no_result(tmp_path: Path) -> None:
    """Three jobs at a time, and ten times everything is killed at a random moment."""
    write_plan(
        tmp_path / "plans",
        train=[*SMALL, "checkpoint_every=2"],
        grid={"seed": [0, 1, 2]},
        evaluate=["levels=4", "repetitions=1"],
    )
    whole = Queue(tmp_path / "whole", tmp_path / "plans")
    whole.start(3)
    assert whole.wait()
    killed = Queue(tmp_path / "killed", tmp_path / "plans")
    rng = random.Random(0)
    for _ in range(KILLS):
        killed.start(3)
        assert not killed.wait(rng.uniform(6, 14)), "it was over before it could be killed"
        killed.kill()
    killed.start(3)
    assert killed.wait()
    assert len(whole.outcome()) == 3 * 3
    assert killed.outcome() == whole.outcome()
    kept = [(path.stat().st_mtime_ns, path) for path in killed.results.rglob("*")]
    killed.start(1)
    assert killed.wait()
    assert [(path.stat().st_mtime_ns, path) for path in killed.results.rglob("*")] == kept, "no job runs twice"
