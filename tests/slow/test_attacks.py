"""What a user, a disk or an attacker may hand over ends in one line and a non-zero code, or works.

A hundredth of each attack is made with every run of the tests, all of it before a release.
"""

import random
from functools import partial
from pathlib import Path

import pytest

from tests.support.attacks import (
    attack_env,
    chunks,
    command_lines,
    cut_off,
    flip_bits,
    judge_all,
    judge_checkpoints,
    judge_command,
    run_apart,
)
from tests.support.runs import small, train_small

BIT_FLIPS = 600
TRUNCATIONS = 300
STATES = 2_200
COMMAND_LINES = 1_100
SHARES = [pytest.param(0.01, id="few"), pytest.param(1.0, id="all", marks=pytest.mark.slow)]

ENVS = (
    ("mortar_mayhem_grid", {"observation": "symbolic"}),
    ("mortar_mayhem", {"observation": "symbolic"}),
    ("endless_mortar_mayhem", {}),
    ("mystery_path", {}),
    ("endless_mystery_path", {"observation": "symbolic"}),
    ("searing_spotlights", {}),
    ("endless_searing_spotlights", {"observation": "symbolic"}),
    ("repeat_previous", {"k": 2, "length": 5}),
    ("copy", {"pattern_length": 3}),
    ("n_parity", {}),
    ("delayed_match_to_sample", {}),
)  # fmt: skip
"""Environments whose state is saved."""

TRAIN_KEYS = (
    "seed", "device", "threads", "total_steps", "num_envs", "rollout_steps", "sequence_length", "last_action",
    "last_reward", "scale_actions", "checkpoint_every", "checkpoint_minutes", "keep_checkpoints", "resume",
    "resume_from", "trust", "env", "memory", "agent", "encoder", "model", "experiment", "foo", "env.k", "env.length",
    "env.symbols", "env.levels", "env.threads", "env._target_", "env.foo", "memory.hidden_size", "memory.layers",
    "memory.size", "memory.heads", "memory.init_gain", "memory._target_", "memory.foo", "encoder.output_size",
    "encoder.vector_size", "encoder.layouts", "model.body_size", "model.branch_size", "model.precision",
    "model.normalize_observations", "agent.lr", "agent.final_lr", "agent.anneal_steps", "agent.gamma", "agent.lam",
    "agent.clip", "agent.clip_value", "agent.value_coef", "agent.entropy_coef", "agent.max_grad_norm", "agent.epochs",
    "agent.minibatches", "agent.target_kl", "agent.adam_eps", "agent.weight_decay", "agent._target_", "init_from",
)  # fmt: skip
EVALUATE_KEYS = (
    "checkpoint", "best", "start", "levels", "repetitions", "greedy", "max_steps", "env", "env.k", "env.levels",
    "env.foo", "video", "video_episodes", "probe", "probe_steps", "seed", "device", "threads", "trust", "foo",
)  # fmt: skip


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the newest checkpoint of a small run."""
    folder = train_small(tmp_path_factory.mktemp("attacks") / "run", "total_steps=200")
    return max((folder / "checkpoints").glob("step-*.pt"))


@pytest.mark.parametrize("share", SHARES)
def test_a_flipped_bit_is_seen_or_harmless(share: float, checkpoint: Path, tmp_path: Path) -> None:
    rng = random.Random(1)
    places = rng.sample(range(checkpoint.stat().st_size), int(BIT_FLIPS * share))
    runs = flip_bits(checkpoint, places, tmp_path, seed=2)
    assert judge_all([partial(run_apart, judge_checkpoints, part) for part in chunks(runs, 50)]) == []


@pytest.mark.parametrize("share", SHARES)
def test_a_file_that_is_cut_off_is_refused(share: float, checkpoint: Path, tmp_path: Path) -> None:
    rng = random.Random(3)
    runs = cut_off(checkpoint, rng.sample(range(checkpoint.stat().st_size), int(TRUNCATIONS * share)), tmp_path)
    assert judge_all([partial(run_apart, judge_checkpoints, part) for part in chunks(runs, 50)]) == []


@pytest.mark.parametrize("share", SHARES)
def test_a_corrupted_environment_is_refused_or_plays_on(share: float) -> None:
    count = int(STATES * share) // len(ENVS)
    envs = ENVS if share == 1 else random.Random(0).sample(ENVS, 2)  # each has to be compiled
    jobs = [partial(run_apart, attack_env, *env, seed, count) for seed, env in enumerate(envs)]
    assert judge_all(jobs) == []


@pytest.mark.parametrize("share", SHARES)
def test_no_command_line_ends_in_a_traceback(share: float, checkpoint: Path, tmp_path: Path) -> None:
    run = checkpoint.parent.parent
    train = small(f"run_dir={tmp_path}/run", "total_steps=1", "rollout_steps=8")
    half = int(COMMAND_LINES * share) // 2
    commands = [("train.py", line) for line in command_lines(TRAIN_KEYS, train, half, seed=4)]
    evaluate = [f"checkpoint={run}", "levels=2", "repetitions=1", "max_steps=12", "device=cpu"]
    commands += [("evaluate.py", line) for line in command_lines(EVALUATE_KEYS, evaluate, half, seed=5)]
    jobs = []
    for number, (script, line) in enumerate(commands):
        arguments = [a.replace(f"{tmp_path}/run", f"{tmp_path}/run-{number}") for a in line]
        jobs.append(partial(judge_command, script, *arguments))
    wrong = judge_all(jobs)
    assert not wrong, "\n\n".join(wrong)
