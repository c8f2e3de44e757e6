"""The program of a policy's step computes what the policy computes, and runs where this library is not installed."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv

from memorl.agents import Actions, Policy, Stream, export_policy
from memorl.agents.action_tensors import to_space
from memorl.agents.experiment.program_files import Format, read_program, write_program
from memorl.agents.policy_program import PolicyProgram, make_program
from memorl.envs import RepeatPrevious, make
from tests.support.agents import counters, make_model
from tests.support.masked_envs import MIXED, Masked
from tests.support.memories import WRAPPED, names
from tests.support.scripts import call

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in PACKAGES), reason="onnxruntime is not installed"
)
FORMATS = ("pt2", pytest.param("onnx", marks=needs_onnx))
MAX_DIFFERENCE = 1e-5
MEMORIES = [*names(), *WRAPPED]
QUICK = ("gru", "trxl", "lru[rtrl]", "hippo")


def make_policy(stream: Stream, memory: str = "gru", greedy: bool = False, **arguments: Any) -> Policy:
    torch.manual_seed(1)
    return Policy(make_model(stream, memory, **arguments), stream.interface, greedy)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "memory", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in MEMORIES]
)
def test_every_memory_runs_elsewhere(memory: str, format: Format, tmp_path: Path) -> None:
    stream = Stream(RepeatPrevious(num_envs=2, k=1, length=5), last_action=True, last_reward=True)
    exported = export_policy(make_policy(stream, memory), tmp_path / "policy", format)
    assert exported.difference < MAX_DIFFERENCE
    assert exported.file.exists()


def play(stream: Stream, policy: Policy, made: PolicyProgram, format: Format, steps: int = 12) -> None:
    """Act by the program's own state beside a greedy policy, and compare their actions."""
    run = read_program(write_program(made, format), format)
    env = stream.env
    N = env.num_envs
    obs, infos = env.reset(seed=0)
    own = None
    state: list[torch.Tensor] = list(made.step.initial_state(N).values())
    first, reward = np.ones(N, np.bool_), np.zeros(N, np.float32)
    for _ in range(steps):
        action, own = policy(obs, own, first, reward=reward, infos=infos)
        entries = [stream.interface.to_tensor(x) for x in rows(obs, stream)]
        extra = {"reward": torch.from_numpy(reward), "action_mask": mask(infos, N)}
        found = run([*entries, *state, torch.from_numpy(first), *(extra[name] for name in made.extra)])
        state = list(found[len(found) - len(state) :])
        for ours, theirs in zip(leaves(action), found, strict=False):
            np.testing.assert_allclose(theirs.numpy(), ours, rtol=1e-6)
        obs, reward, terminated, truncated, infos = env.step(action)
        reward = reward.astype(np.float32)
        first = terminated | truncated


def rows(obs: Any, stream: Stream) -> list[Any]:
    return [obs] if not isinstance(obs, dict) else [obs[name] for name in stream.interface.space]


def mask(infos: dict[str, Any], N: int) -> torch.Tensor:
    if "action_mask" not in infos:
        return torch.ones(N, 0, dtype=torch.bool)
    return torch.from_numpy(np.stack(list(infos["action_mask"])).reshape(N, -1) != 0)


def leaves(action: Any) -> list[Any]:
    parts = list(action.values()) if isinstance(action, dict) else action
    return [leaf for part in parts for leaf in leaves(part)] if isinstance(parts, list | tuple) else [action]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("space", [spaces.Discrete(3), spaces.Box(-2, 1, (2,)), spaces.MultiDiscrete([2, 3])], ids=str)
def test_it_acts_as_the_policy_does_over_episodes(space: spaces.Space, format: Format) -> None:
    stream = Stream(counters(space), last_action=True, last_reward=True)
    policy = make_policy(stream, greedy=True)
    play(stream, policy, make_program(policy), format)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("env", ["mortar_mayhem_grid", "minigrid_memory", "Pendulum-v1"])
def test_it_reads_pictures_dictionaries_and_wide_numbers(env: str, format: Format) -> None:
    stream = Stream(make(env, 2))
    policy = make_policy(stream, greedy=True)
    play(stream, policy, make_program(policy), format, steps=5)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("form", ["flat", "bits"])
def test_masks_of_observations_count(form: str, format: Format) -> None:
    stream = Stream(SyncVectorEnv([lambda: Masked(form, "observations")] * 2))
    policy = make_policy(stream, greedy=True)
    play(stream, policy, make_program(policy), format)


def test_masks_of_infos_are_an_input() -> None:
    stream = Stream(SyncVectorEnv([lambda: Masked("flat", "infos")] * 2))
    policy = make_policy(stream, greedy=True)
    play(stream, policy, make_program(policy, action_mask=True), "pt2")


@pytest.mark.parametrize(
    "space",
    [
        spaces.Discrete(3, start=-1), spaces.MultiDiscrete([[2, 3], [4, 5]]), spaces.MultiBinary([2, 3]),
        spaces.Box(-1, 3, (2, 2)), spaces.Box(0, 255, (3,), np.uint8), spaces.Box(-np.inf, np.inf, (2,), np.float64),
        spaces.Box(0, 1, (3,), np.bool_), spaces.Box(-5, 7, (2,), np.int16), MIXED,
    ],
    ids=str,
)  # fmt: skip
def test_actions_have_the_form_of_their_space(space: spaces.Space) -> None:
    actions = Actions(space)
    choices = torch.stack([torch.randint(n, (6,)) for n in actions.choices], 1) if actions.choices else None
    coordinates = 2 * torch.randn(6, actions.coordinates)
    action = coordinates if choices is None else torch.cat([choices.to(actions.dtype), coordinates], 1)
    expected = leaves(actions.to_env(action))
    for ours, theirs in zip(leaves(to_space(actions, action)), expected, strict=True):
        assert ours.numpy().dtype == theirs.dtype
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-6)


@pytest.mark.parametrize(("memory", "share"), [("lru[rtrl]", "all"), ("gru", "none"), ("gru", "encoder")])
def test_what_does_not_act_is_left_out(memory: str, share: str) -> None:
    stream = Stream(counters(), last_action=True)
    policy = make_policy(stream, memory, share=share)
    made = make_program(policy)
    assert len(policy.model.memory.initial_state(1)) > 1
    assert made.inputs == ("obs", "state.h", "state.last_action", "first", "noise")
    assert made.outputs == ("action", "next_state.h", "next_state.last_action")


WITHOUT_MEMORL = """
import sys
sys.modules["memorl"] = None
import torch
step = torch.export.load(sys.argv[1]).module()
for N in (1, 7):
    state = {"h": torch.full((N, 5), torch.nan)}
    first = torch.ones(N, dtype=torch.bool)
    for _ in range(3):
        action, state = step(torch.zeros(N, 1), state, first)
        first = torch.zeros(N, dtype=torch.bool)
    print(tuple(action.shape), state["h"].isfinite().all().item())
"""


def test_it_needs_nothing_of_this_library(tmp_path: Path) -> None:
    file = tmp_path / "policy.pt2"
    export_policy(make_policy(Stream(counters()), greedy=True), file, "pt2")
    done = subprocess.run([sys.executable, "-c", WITHOUT_MEMORL, file], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["(1,) True", "(7,) True"], done.stderr


def test_what_cannot_be_exported_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = make_policy(Stream(counters(spaces.Box(-1, 1, (2,)))))
    with pytest.raises(ValueError, match="action_mask is true; it must be false, since no action is a choice"):
        export_policy(policy, tmp_path / "policy.pt2", "pt2", action_mask=True)
    masked = make_policy(Stream(SyncVectorEnv([lambda: Masked("flat", "observations")] * 2)))
    with pytest.raises(ValueError, match="action_mask is true; it must be false, since the observations have a mask"):
        make_program(masked, action_mask=True)
    with pytest.raises(ValueError, match="format is 'tf'; it must be one of onnx, pt2"):
        export_policy(policy, tmp_path / "policy.tf", "tf")  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ValueError, match=r"onnx is missing \(.*\); pip install 'memorl\[onnx\]' installs it"):
        export_policy(policy, tmp_path / "policy.onnx")
    assert not list(tmp_path.iterdir())


def test_the_script_writes_into_the_run_and_says_what_goes_in(finished: Path) -> None:
    done = call("export.py", f"run={finished}", "format=pt2", "greedy=true")
    assert done.returncode == 0, done.stderr
    assert (finished / "policy.pt2").exists()
    assert "goes in    first                bool [N]" in done.stdout
    assert "comes out  action               int64 [N]" in done.stdout
    wrong = call("export.py", "format=pt2")
    assert wrong.stderr.strip() == "error: run is missing; it must be a run folder or a checkpoint in one"
