"""Defaults that yaml has not: they are recorded, and a run goes on with them as they were."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from memorl.agents import load_policy, train
from memorl.agents.experiment.represent import NoFormError, represent
from tests.support import own_defaults

SMALL: dict[str, Any] = {
    "total_steps": 60, "num_envs": 2, "rollout_steps": 16, "threads": 1, "device": "cpu", "quiet": True,
    "overrides": {"model.branch_size": 8, "model.body_size": 0, "encoder.output_size": 8, "encoder.vector_size": 8},
}  # fmt: skip
ODD = "tests.support.own_defaults.Odd"


@pytest.mark.parametrize(
    ("parts", "recorded"),
    [
        (
            {"memory": ODD},
            {"memory": {
                "sizes": [3, 4], "pairs": [[1, 2], [3, 4]], "named": {"a": [1, 2]}, "mode": "fast", "path": "here",
                "layer": "torch.nn.modules.linear.Linear", "kinds": ["x"],
            }},
        ),
        ({"memory": {"_target_": ODD, "sizes": [5], "mode": "slow"}}, {"memory": {"sizes": [5], "mode": "slow"}}),
        (
            {"memory": {"_target_": own_defaults.Odd, "sizes": (5,), "mode": own_defaults.Mode.SLOW}},
            {"memory": {"sizes": [5], "mode": "slow"}},
        ),
        ({"agent": "tests.support.own_defaults.Betas"}, {"agent": {"betas": [0.9, 0.999]}}),
        ({"env": "tests.support.own_defaults.Poles"}, {"env": {"size": [1, 2]}}),
    ],
)  # fmt: skip
def test_a_run_with_them_goes_on(
    parts: dict[str, Any], recorded: dict[str, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = train(**{"env": "CartPole-v1", "memory": "none"} | parts, **SMALL)
    config: Any = OmegaConf.to_container(OmegaConf.load(run.folder / "config.yaml"))
    for part, values in recorded.items():
        assert {name: config[part][name] for name in values} == values
    updates = len(run.metrics["step"])
    longer = train(resume=run.folder, total_steps=100, trust=True, quiet=True)
    assert len(longer.metrics["step"]) > updates
    assert load_policy(run.folder, trust=True).act(np.zeros(4, np.float32)) in (0, 1)


def test_what_has_no_form_is_refused_where_it_is_given() -> None:
    with pytest.raises(NoFormError, match="a ndarray; it must be a number, a text, a list or a dictionary"):
        represent([np.zeros(2)])
