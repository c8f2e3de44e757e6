"""What is kept of a run that has ended: a folder that compare.py reads, small enough for the repository.

    config.yaml        the settings, without folders of this machine
    metrics.csv        the curves, at most MAX_POINTS points, each the mean of the figures since the point before
    evaluation/        the figures on held-out levels
    cost.json          hours of wall clock and of processor time, versions and machine

All but cost.json are the same after any interruption.
"""

import csv
import json
import math
import shutil
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import itertools

from machine import describe

MAX_POINTS = 100


def thin(rows: Sequence[Mapping[str, str]], points: int = MAX_POINTS) -> list[dict[str, str]]:
    """Return at most so many rows: the mean of each figure over the rows since the row before, at the last of them."""
    kept = min(points, len(rows))
    edges = [i * len(rows) // kept for i in range(kept + 1)] if kept else []
    thinned = []
    for low, high in itertools.pairwise(edges):
        block = rows[low:high]
        row = {}
        for name in block[0]:
            figures = [
                value for value in (float(other[name]) for other in block if other[name]) if math.isfinite(value)
            ]
            row[name] = f"{statistics.fmean(figures):.6g}" if figures else ""
        thinned.append(row | {"step": block[-1]["step"]})
    return thinned


def write_outcome(run: Path, folder: Path, cost: Mapping[str, Any]) -> None:
    """Write what is kept of a run; the folder appears whole or not at all."""
    unfinished = folder.with_name(f".{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    (unfinished / "evaluation").mkdir(parents=True)
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["run_dir"] = None
    (unfinished / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    with (run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (unfinished / "metrics.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(thin(rows))
    for path in sorted((run / "evaluation").glob("*.json")):
        evaluation = json.loads(path.read_text())
        evaluation["checkpoint"] = Path(evaluation["checkpoint"]).name
        evaluation["protocol"]["checkpoint"] = None
        del evaluation["episodes"]
        name = path.stem.rpartition("-")[0]  # without the digest of the protocol, which has the run's folder
        (unfinished / "evaluation" / f"{name}.json").write_text(json.dumps(evaluation, indent=1) + "\n")
    facts = {**cost, "measured": describe()}
    (unfinished / "cost.json").write_text(json.dumps(facts, indent=1) + "\n")
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
