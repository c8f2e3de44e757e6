"""Environments of JAX: rows and ends against gymnax's own functions, called one by one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memorl.envs import Gymnax, make
from tests.support.runs import assert_refused, small
from tests.support.scripts import call

jax = pytest.importorskip("jax")
gymnax = pytest.importorskip("gymnax")
struct = pytest.importorskip("flax.struct")

SOON = ("MemoryChain-bsuite", "FourRooms-misc", "Pong-misc")
IDS = [
    pytest.param(id, marks=[] if id in SOON else pytest.mark.slow)  # some take a minute to compile
    for id in gymnax.registered_envs
    if id != "MNISTBandit-bsuite"  # it downloads its pictures
]
SHORT = {"CartPole-v1": {"max_steps_in_episode": 9}, "MemoryChain-bsuite": {"memory_length": 3}}


def play(envs: Gymnax, actions: list[Any], seed: Any) -> list[Any]:
    rows: list[Any] = [envs.reset(seed=seed)[0]]
    rows += [envs.step(action)[:4] for action in actions]
    return rows


def random_actions(envs: Gymnax, count: int) -> list[Any]:
    envs.action_space.seed(0)
    return [envs.action_space.sample() for _ in range(count)]


@pytest.mark.parametrize("id", ["CartPole-v1", "MemoryChain-bsuite", "Pendulum-v1", "Catch-bsuite", "FrozenLake-misc"])
def test_rows_are_those_of_the_environments_own_functions(id: str) -> None:
    envs = Gymnax(id, num_envs=3, params=SHORT.get(id, {}))
    env, params = gymnax.make(id)
    params = params.replace(**SHORT.get(id, {}))
    actions = random_actions(envs, 40)
    batch = play(envs, actions, 5)
    ends = 0
    for n in range(3):
        key, first = jax.random.split(jax.random.PRNGKey(5 + n))
        observation, state = env.reset_env(first, params)
        np.testing.assert_allclose(batch[0][n], observation, atol=1e-6)
        over = False
        for action, (seen, reward, terminated, truncated) in zip(actions, batch[1:], strict=True):
            key, mine = jax.random.split(key)
            stepping, beginning = jax.random.split(mine)
            if over:
                observation, state = env.reset_env(beginning, params)
                expected = (0.0, False, False)
            else:
                observation, state, paid, end, _ = env.step_env(stepping, state, action[n], params)
                expected = (float(paid), bool(end), bool(env.is_truncated(state, params)))
            over = expected[1] or expected[2]
            ends += over
            np.testing.assert_allclose(seen[n], observation, atol=1e-5)
            np.testing.assert_allclose([reward[n], terminated[n], truncated[n]], expected, atol=1e-5)
    assert ends > 0 or id == "Pendulum-v1"


@pytest.mark.parametrize("id", IDS)
def test_every_environment_of_gymnax_steps_and_is_saved(id: str) -> None:
    envs = Gymnax(id, num_envs=4)
    actions = random_actions(envs, 30)
    play(envs, actions, 0)
    saved = envs.state_dict()
    after = [envs.step(action) for action in actions[:10]]
    other = Gymnax(id, num_envs=4)
    other.reset(seed=9)
    other.load_state_dict(saved)
    for action, outcome in zip(actions[:10], after, strict=True):
        jax.tree.map(np.testing.assert_array_equal, other.step(action), outcome)


def test_no_env_changes_another() -> None:
    whole = Gymnax("MemoryChain-bsuite", num_envs=4, params={"memory_length": 3})
    actions = random_actions(whole, 25)
    rows = play(whole, actions, [7, 1 << 40, 3, 0])
    for n, seed in ((1, 1 << 40), (3, 0)):
        single = Gymnax("MemoryChain-bsuite", num_envs=1, params={"memory_length": 3})
        alone = play(single, [action[n : n + 1] for action in actions], [seed])
        np.testing.assert_array_equal(alone[0][0], rows[0][n])
        for mine, theirs in zip(alone[1:], rows[1:], strict=True):
            for x, y in zip(mine, theirs, strict=True):
                np.testing.assert_allclose(x[0], y[n], atol=1e-6)


@struct.dataclass
class OldState:
    time: Any
    key: Any


class Old:
    """An environment for gymnax before version 1, with nested observations and a typed key in its state."""

    default_params = None

    def reset_env(self, key: Any, params: Any) -> Any:
        state = OldState(jax.numpy.int32(0), jax.random.key(3))
        return self._see(state), state

    def step_env(self, key: Any, state: Any, action: Any, params: Any) -> Any:
        state = OldState(state.time + 1, jax.random.split(state.key)[0])
        return self._see(state), state, action * 1.0, state.time >= 2, {"hits": state.time}

    def _see(self, state: Any) -> Any:
        return {"clock": (state.time, jax.numpy.ones(2)), "draw": jax.random.uniform(state.key, (1,))}

    def observation_space(self, params: Any) -> Any:
        spaces = gymnax.environments.spaces
        clock = spaces.Tuple([spaces.Discrete(4), spaces.Box(0, 1, (2,))])
        return spaces.Dict({"clock": clock, "draw": spaces.Box(0, 1, (1,))})

    def action_space(self, params: Any) -> Any:
        return gymnax.environments.spaces.Discrete(2)


def test_an_environment_of_another_package_with_nested_observations() -> None:
    envs = Gymnax(f"{__name__}:Old", num_envs=2)
    assert list(envs.single_observation_space) == ["clock.0", "clock.1", "draw"]
    envs.reset(seed=0)
    outcomes = [envs.step(np.ones(2, int)) for _ in range(4)]
    assert [list(outcome[2]) for outcome in outcomes] == [[False] * 2, [True] * 2, [False] * 2, [False] * 2]
    assert [list(outcome[1]) for outcome in outcomes] == [[1, 1], [1, 1], [0, 0], [1, 1]]
    assert list(outcomes[1][4]["hits"]) == [2, 2]
    assert not outcomes[2][4]["_hits"].any()
    draws = [outcome[0]["draw"][0, 0] for outcome in outcomes]
    assert draws[0] == draws[3] != draws[1]
    saved = envs.state_dict()
    after = envs.step(np.ones(2, int))
    envs.load_state_dict(saved)
    jax.tree.map(np.testing.assert_array_equal, envs.step(np.ones(2, int))[0], after[0])
    with pytest.raises(ValueError, match="the state is that of another environment; it must be one of Old"):
        envs.load_state_dict({"part-0": saved["part-0"]})


def test_a_run_goes_on_bit_for_bit(tmp_path: Path) -> None:
    kept = [a for a in small() if not a.startswith(("env", "sequence"))]
    arguments = [*kept, "env=gymnax", "env.params.memory_length=4", "agent.anneal_steps=1500", "encoder.output_size=8"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert call("train.py", *arguments, f"run_dir={whole}", "total_steps=1500").returncode == 0
    assert call("train.py", *arguments, f"run_dir={parts}", "total_steps=700").returncode == 0
    done = call("train.py", f"resume={parts}", "total_steps=1500")
    assert done.returncode == 0, done.stderr
    assert (whole / "metrics.csv").read_text() == (parts / "metrics.csv").read_text()
    assert call("evaluate.py", f"checkpoint={whole}", "levels=4", "repetitions=1").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"id": "MemoryChian-bsuite"}, r"env.id is 'MemoryChian-bsuite'; the nearest known are MemoryChain-bsuite.*"),
        ({"id": "no_package:Foo"}, "env.id is 'no_package:Foo': there is no module 'no_package'.*"),
        ({"params": {"memory": 3}}, "an argument of env.params is 'memory'; .*memory_length.*"),
        ({"device": "tpu9"}, "env.device is 'tpu9'; JAX has cpu"),
        ({"foo": 3}, "env.id MemoryChain-bsuite cannot be made: .*foo.*"),
        ({"num_envs": 0}, "num_envs is 0; .*"),
    ],
)
def test_what_cannot_be_made_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make("gymnax", **arguments)


def test_the_script_names_what_cannot_be_made(tmp_path: Path) -> None:
    refused = call("train.py", *small("env=gymnax", f"run_dir={tmp_path / 'run'}"), "env.id=Foo")
    assert_refused(refused, r"env\.id is 'Foo'; known are Acrobot-v1, .*")
