"""A run begins with the weights of another one."""

import re
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch

from memorl.agents import train
from tests.support.runs import assert_refused, small
from tests.support.scripts import call


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """Return the weights of the newest checkpoint of a run."""
    saved = torch.load(max((folder / "checkpoints").glob("step-*.pt")), weights_only=True)
    return dict(saved["model"])


def test_weights_and_moments_are_taken_and_steps_begin_anew(finished: Path, tmp_path: Path) -> None:
    still = small(f"run_dir={tmp_path / 'run'}", "total_steps=1", "agent.lr=1e-30", "agent.final_lr=null", "env.k=2")
    done = call("train.py", *still, f"init_from={finished}", "agent.weight_decay=0", "agent.normalize_values=false")
    assert done.returncode == 0, done.stderr
    (checkpoint,) = (tmp_path / "run" / "checkpoints").glob("step-*.pt")
    assert torch.load(checkpoint, weights_only=True)["agent"]["steps"] < 200
    new = weights(tmp_path / "run")
    for name, value in weights(finished).items():
        torch.testing.assert_close(new[name], value, msg=name)
    again = call("train.py", f"resume={tmp_path / 'run'}", "total_steps=200")
    assert again.returncode == 0, again.stderr


def test_shapes_that_differ_are_named_and_the_rest_can_be_taken(finished: Path, tmp_path: Path) -> None:
    other = small(f"run_dir={tmp_path / 'run'}", "total_steps=1", f"init_from={finished}", "env.symbols=5")
    differing = r"encoder\.parts\.0\.linear\.weight \(8, 4\) for \(8, 5\), .*policy\.linear\.weight .*"
    refused = call("train.py", *other)
    assert_refused(refused, rf"init_from is .*, whose weights do not all fit: {differing}; init_from_partial=true .*")
    assert not (tmp_path / "run").exists()
    done = call("train.py", *other, "init_from_partial=true", "agent.lr=1e-30", "agent.final_lr=null")
    assert done.returncode == 0, done.stderr
    assert re.search(rf"not taken from .*, since they do not fit: {differing}", done.stdout)
    new, old = weights(tmp_path / "run"), weights(finished)
    torch.testing.assert_close(new["memory.weight_hh_l0"], old["memory.weight_hh_l0"], atol=1e-4, rtol=1e-3)


class Named(gymnasium.Env[Any, Any]):
    """Observations of two entries, and four actions in one branch or in two."""

    def __init__(self, names: tuple[str, str] = ("alpha", "beta"), branches: tuple[int, ...] = (4,)) -> None:
        box = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
        self.observation_space = gymnasium.spaces.Dict(dict.fromkeys(names, box))
        self.action_space = gymnasium.spaces.MultiDiscrete(branches)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return {name: np.zeros(2, np.float32) for name in self.observation_space}, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return {name: np.zeros(2, np.float32) for name in self.observation_space}, 0.0, True, False, {}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"names": ["beta", "gamma"]}, r"encoder\.\* of alpha, beta for beta, gamma, normaliser\.\* .*"),
        ({"branches": [2, 2]}, r"policy\.\* of other actions"),
    ],
)
def test_weights_of_the_same_shape_for_other_things_are_not_taken(
    arguments: dict[str, Any], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env = f"{__name__}.Named"
    settings: dict[str, Any] = {"memory": "none", "total_steps": 8, "num_envs": 2, "rollout_steps": 4, "quiet": True}
    still = {"lr": 1e-30, "final_lr": None, "weight_decay": 0, "normalize_values": False}
    settings["overrides"] = {"agent": still}
    first = train(env=env, **settings)
    settings |= {"init_from": str(first.folder), "trust": True}
    with pytest.raises(ValueError, match=f"whose weights do not all fit: {reason}; init_from_partial=true"):
        train(env={"_target_": env, **arguments}, **settings)
    second = train(env={"_target_": env, **arguments}, init_from_partial=True, **settings)
    torch.testing.assert_close(
        second.run.model.state_dict()["value.linear.weight"], first.run.model.state_dict()["value.linear.weight"]
    )


def test_what_cannot_be_taken_is_one_line(finished: Path, tmp_path: Path) -> None:
    for arguments, message in (
        (["init_from=nowhere"], r"nowhere does not exist; .*"),
        (["init_from_partial=true"], r"init_from_partial is true; it needs init_from, .*"),
    ):
        assert_refused(call("train.py", *small(f"run_dir={tmp_path / 'run'}", *arguments)), message)
