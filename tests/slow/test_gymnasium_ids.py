"""Ordinary environments of Gymnasium and stable-baselines3 train with nothing but their id."""

import csv
import importlib.util
from pathlib import Path

import pytest

from tests.support.scripts import call

IDS = {
    "CartPole-v1": "",
    "Pendulum-v1": "",
    "MountainCarContinuous-v0": "",
    "Acrobot-v1": "",
    "LunarLander-v3": "Box2D",
    "BipedalWalker-v3": "Box2D",
    "Blackjack-v1": "",
    "Taxi-v4": "",
    "FrozenLake-v1": "",
    "CliffWalking-v1": "",
    "MiniGrid-Empty-5x5-v0": "minigrid",
    "BabyAI-GoToRedBall-v0": "minigrid",
    "ALE/Pong-v5": "ale_py",
    "tests.support.sb3_probes:BitFlipping-v0": "stable_baselines3",
    "tests.support.sb3_probes:FakeImage-v0": "stable_baselines3",
    "tests.support.sb3_probes:Identity-v0": "stable_baselines3",
    "tests.support.sb3_probes:IdentityBox-v0": "stable_baselines3",
    "tests.support.sb3_probes:IdentityMultiBinary-v0": "stable_baselines3",
    "tests.support.sb3_probes:IdentityMultiDiscrete-v0": "stable_baselines3",
    "tests.support.sb3_probes:SimpleMultiObs-v0": "stable_baselines3",
}
"""The package that each id needs besides Gymnasium."""

BANNER = ("A.L.E: ", "[Powered by Stella]")
"""The lines that ale_py prints by itself."""


@pytest.mark.slow
@pytest.mark.parametrize(("id", "package"), IDS.items(), ids=IDS)
def test_an_id_trains_for_two_updates(id: str, package: str, tmp_path: Path) -> None:
    if package and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    run = tmp_path / "run"
    done = call("train.py", "env=gymnasium", f"env.id={id}", "total_steps=16_385", f"run_dir={run}", timeout=3600)
    assert done.returncode == 0, done.stderr
    texts = f"warning: the observation of {id} has texts, which are left out: mission"
    lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith(BANNER)]
    assert lines == [texts] * (package == "minigrid")
    assert len(list(csv.DictReader((run / "metrics.csv").read_text().splitlines()))) == 2
    played = call("evaluate.py", f"checkpoint={run}", "trust=true", "levels=2", "max_steps=200", timeout=3600)
    assert played.returncode == 0, played.stderr
