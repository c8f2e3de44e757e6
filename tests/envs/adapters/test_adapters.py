"""Environments of others among ours, and ours among others'."""

import re
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from memorl.agents import Stream
from memorl.envs import FromGymnasium, MiniGrid, NextStep, POPGym, RepeatPrevious, make
from memorl.envs.adapters.flat import Flat, is_nested
from tests.support.scripts import call


class Counter(gymnasium.Env[Any, Any]):
    """Counts the steps and the sum of the actions; ends for good at `goal` and is cut at `limit`."""

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012
    action_space = spaces.Discrete(3)

    def __init__(self, goal: int, limit: int, nested: bool = False) -> None:
        self.goal, self.limit, self.nested = goal, limit, nested
        plain = spaces.Box(-1, 100, (2,), np.float32)
        self.observation_space = spaces.Dict({"a": plain, "b": spaces.Discrete(100)}) if nested else plain

    def _see(self) -> Any:
        seen = np.array([self.time, self.total], np.float32)
        return {"a": seen, "b": self.time} if self.nested else seen

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.time, self.total = 0, 0
        return self._see(), {"time": 0}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.time, self.total = self.time + 1, self.total + int(action)
        over = self.total >= self.goal, self.time >= self.limit
        told = {"time": self.time} | ({"sum": float(self.total), "deep": {"x": self.time}} if any(over) else {})
        return self._see(), float(action), *over, told


def counters(mode: AutoresetMode, nested: bool = False, **arguments: Any) -> SyncVectorEnv:
    made = [lambda i=i: Counter(7 + i, 5 + 3 * i % 7, nested) for i in range(5)] + [lambda: Counter(1, 9, nested)]
    return SyncVectorEnv(made, autoreset_mode=mode, **arguments)


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_stream_has_the_same_rows_whatever_the_autoreset_mode(mode: AutoresetMode, nested: bool, copy: bool) -> None:
    """And tells the same of the episodes; a counter of goal 1 also ends in steps begun in vain."""
    streams = [Stream(NextStep(counters(m, nested, copy=copy))) for m in (AutoresetMode.NEXT_STEP, mode)]
    one, other = (stream.reset(0) for stream in streams)
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        for a, b in zip(one, other, strict=True):
            pairs = [(a[key], b[key]) for key in a] if isinstance(a, dict) else [(a, b)]
            assert all(torch.equal(x, y) and x.dtype == y.dtype for x, y in pairs)
        action = torch.randint(0, 3, (6, 1), generator=generator)
        one, other = (stream.step(action) for stream in streams)
    episodes = [stream.episodes.pop() for stream in streams]
    assert episodes[0] == episodes[1]
    assert len(episodes[0]) > 100
    assert {"sum", "time", "return", "length"} <= episodes[0][0].keys()


def test_infos_are_those_of_next_step_autoreset() -> None:
    envs = [NextStep(counters(mode)) for mode in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP)]
    for env in envs:
        env.reset(seed=0)
    for action in np.random.default_rng(1).integers(0, 3, (100, 6)):
        one, other = (env.step(action)[-1] for env in envs)
        assert one.keys() == other.keys()
        for key, value in one.items():
            if not isinstance(value, dict):
                rows = slice(None) if key.startswith("_") else one[f"_{key}"]
                assert np.array_equal(value[rows], other[key][rows]), key


def test_a_batch_that_resets_too_much_is_found_out() -> None:
    class Forgetful(SyncVectorEnv):
        def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
            return super().reset(seed=seed)

    made = [lambda i=i: Counter(99, 3 + 6 * i) for i in range(2)]
    env = NextStep(Forgetful(made, autoreset_mode=AutoresetMode.SAME_STEP))
    env.reset(seed=0)
    for _ in range(3):
        env.step(np.zeros(2, np.int64))
    with pytest.raises(RuntimeError, match="reset_mask"):
        env.step(np.zeros(2, np.int64))


def test_an_env_that_does_not_say_its_mode_is_refused() -> None:
    env = counters(AutoresetMode.NEXT_STEP)
    env.metadata = {}
    with pytest.raises(ValueError, match="autoreset_mode"):
        NextStep(env)


def test_nested_observations_become_one_dictionary() -> None:
    class Deck(Counter):
        def __init__(self) -> None:
            super().__init__(9, 9)
            inner = spaces.Dict({"x": spaces.Discrete(100), "y": spaces.MultiBinary(2)})
            self.observation_space = spaces.Tuple((inner, spaces.Box(0, 1, (3,), np.float32)))

        def _see(self) -> Any:
            return {"x": self.time, "y": np.array([1, 0], np.int8)}, np.ones(3, np.float32)

    env = Flat(SyncVectorEnv([Deck] * 2))
    assert is_nested(env.env.single_observation_space)
    assert not is_nested(env.single_observation_space)
    assert set(env.single_observation_space.spaces) == {"0.x", "0.y", "1"}
    observation, _ = env.reset(seed=0)
    assert observation in env.observation_space
    assert env.step(np.zeros(2, np.int64))[0]["0.x"].tolist() == [1, 1]


def test_make_takes_names_and_ids() -> None:
    assert isinstance(make("repeat_previous", 3, k=2), RepeatPrevious)
    assert isinstance(make("memorl/RepeatPrevious-v0", 3, k=2), RepeatPrevious)
    assert isinstance(make("CartPole-v1", 2), FromGymnasium)
    assert make("mystery_path_grid", levels=None).grid  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("mortar_mayhm", {}, r"env is 'mortar_mayhm'; the nearest known are mortar_mayhem,.*"),
        ("memorl/RepeatPrevius-v0", {}, r".*the nearest known are memorl/RepeatPrevious-v0.*"),
        ("repeat_previous", {"lenght": 3}, r"an argument of RepeatPrevious is 'lenght'; .* length.*"),
        ("repeat_previous", {"k": 0}, r"k is 0; it must be .*"),
        ("gymnasium", {"id": "CartPol-v1"}, r"env\.id is 'CartPol-v1'; the nearest known are CartPole-v1,.*"),
        ("gymnasium", {"id": "nowhere:Env-v0"}, r"env\.id is 'nowhere:Env-v0': there is no module 'nowhere'"),
        ("gymnasium", {"foo": 3}, r"an argument of env is 'foo'; known are render_mode, .*"),
        ("minigrid_memory", {"size": "S8"}, r"size is 'S8'; it must be one of S7, S9, .*"),
        ("minigrid_memory", {"task": "fetch"}, r"task is 'fetch'; it must be one of memory, red_blue_doors"),
        ("minigrid_memory", {"render_mode": "x"}, r"render_mode is 'x'; it must be .*"),
    ],
)
def test_what_cannot_be_made_is_named_in_one_line(name: str, arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=rf"\A{told}\Z"):
        make(name, **arguments)


@pytest.mark.parametrize(
    "arguments",
    [{"size": "S7"}, {"size": "S13Random"}, {"task": "red_blue_doors", "size": "8x8"}],
    ids=lambda arguments: str(arguments["size"]),
)
def test_minigrid_shows_its_image_one_hot(arguments: dict[str, Any]) -> None:
    """And rewards, ends and seeds are MiniGrid's own."""
    envs = MiniGrid(num_envs=2, **arguments)
    plain = [env.unwrapped for env in envs.unwrapped.envs]  # type: ignore[attr-defined]
    observation, _ = envs.reset(seed=4)
    again = MiniGrid(num_envs=2, **arguments)
    assert np.array_equal(observation, again.reset(seed=[4, 5])[0])
    rng, ended = np.random.default_rng(0), 0
    for action in rng.choice([0, 1, 2, 2, 2, 5], (700, 2)):
        for n, env in enumerate(plain):
            tiles = observation[n].reshape(7, 7, 20)
            image = np.stack([part.argmax(-1) for part in np.split(tiles, [11, 17], -1)], -1)
            assert np.array_equal(image, env.gen_obs()["image"])
            assert tiles.sum() == 7 * 7 * 3
        observation, rewards, terminated, truncated, infos = envs.step(action)
        assert observation in envs.observation_space
        over = terminated | truncated
        assert np.array_equal(infos.get("_success", np.zeros(2, np.bool_)), over)
        assert not over.any() or np.array_equal(infos["success"][over], rewards[over] > 0)
        ended += over.sum()
    assert ended


@pytest.mark.parametrize(("size", "seen"), [("S7", True), ("S9", True), ("S11", False), ("S13", False)])
def test_from_s11_on_the_first_object_is_out_of_sight_where_it_matters(size: str, seen: bool) -> None:
    envs = MiniGrid(size=size)
    envs.reset(seed=0)
    env, side = envs.unwrapped.envs[0].unwrapped, int(size[1:])  # type: ignore[attr-defined]
    env.agent_pos, env.agent_dir = np.array((side - 2, side // 2)), 2
    image = env.gen_obs()["image"]
    assert np.isin(image[..., 0], (5, 6)).sum() == 2 + seen


def test_minigrid_draws_what_is_seen_and_what_is() -> None:
    for mode, side in (("rgb_array", 7), ("debug_rgb_array", 9)):
        envs = MiniGrid(num_envs=2, render_mode=mode)
        envs.reset(seed=0)
        assert envs.render_mode == mode
        assert [picture.shape for picture in envs.render() or ()] == [(8 * side, 8 * side, 3)] * 2


def test_popgym_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "popgym", None)
    with pytest.raises(ValueError, match=r"\Aenv=popgym needs POPGym .*: pip install popgym\Z"):
        POPGym("RepeatPreviousEasy")


@pytest.mark.parametrize(
    "id", ["AutoencodeEasy", "popgym-BattleshipEasy-v0", "PositionOnlyPendulumEasy", "CountRecallHard"]
)
def test_popgym_plays(id: str) -> None:
    pytest.importorskip("popgym")
    envs = POPGym(id, num_envs=2)
    stream = Stream(envs)
    stream.reset(0)
    for _ in range(300):
        stream.step(torch.as_tensor(envs.action_space.sample().reshape(2, -1)))
    assert stream.episodes.pop()
    with pytest.raises(ValueError, match=r"env\.id is 'CountRecal'; the nearest known are CountRecall"):
        POPGym("CountRecal")


@pytest.mark.parametrize("env", [["env=minigrid_memory", "env.size=S7"], ["env=gymnasium", "env.id=CartPole-v1"]])
def test_foreign_envs_train_and_resume(env: list[str], tmp_path: Path) -> None:
    small = ["memory.hidden_size=8", "model.body_size=0", "model.branch_size=8", "encoder.output_size=8", "num_envs=4"]
    small += ["encoder.vector_size=8", "rollout_steps=32", "agent.minibatches=2", "device=cpu", "threads=1"]
    run = [*env, "memory=gru", *small, "total_steps=300", f"run_dir={tmp_path / 'run'}"]
    for arguments in (run, [f"resume={tmp_path / 'run'}", "total_steps=600"]):
        done = call("train.py", *arguments)
        assert done.returncode == 0, done.stderr
    assert "the environments were not saved: their episodes begin anew" in done.stdout
    rows = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    assert int(re.split(",", rows[-1])[0]) >= 600


@pytest.mark.parametrize("dictionary", [False, True])
def test_stable_baselines_sees_the_same_episodes(dictionary: bool) -> None:
    """Against SB3's own vector environment of single envs, and with time limits."""
    pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.vec_env import DummyVecEnv

    from memorl.envs.adapters.sb3 import SB3VecEnv

    if dictionary:
        ours = SB3VecEnv(counters(AutoresetMode.NEXT_STEP, nested=True))
        theirs = DummyVecEnv(counters(AutoresetMode.NEXT_STEP, nested=True).env_fns)
    else:
        name = "memorl/MysteryPath-Grid-v0"
        ours = SB3VecEnv(make(name, 6, max_steps=9, observation="symbolic"))
        theirs = DummyVecEnv([lambda: gymnasium.make(name, max_steps=9, observation="symbolic")] * 6)

    def same(a: Any, b: Any) -> bool:
        return all(np.array_equal(a[key], b[key]) for key in b) if isinstance(b, dict) else np.array_equal(a, b)

    ours.seed(3)
    theirs.seed(3)
    assert same(ours.reset(), theirs.reset())
    ended = 0
    for action in np.random.default_rng(0).integers(0, 3, (60, 6)):
        (obs, reward, done, told), (obs_, reward_, done_, told_) = ours.step(action), theirs.step(action)
        assert same(obs, obs_)
        assert np.array_equal(reward, reward_)
        assert np.array_equal(done, done_)
        for info, info_ in zip(told, told_, strict=True):
            assert info["TimeLimit.truncated"] == info_["TimeLimit.truncated"]
            assert ("terminal_observation" in info) == ("terminal_observation" in info_)
            if "terminal_observation" in info_:
                assert same(info["terminal_observation"], info_["terminal_observation"])
                ended += 1
    assert ended > 10


def test_stable_baselines_trains_on_ours() -> None:
    stable = pytest.importorskip("stable_baselines3")
    from memorl.envs.adapters.sb3 import SB3VecEnv

    envs = SB3VecEnv(RepeatPrevious(num_envs=4, k=1, length=8))
    stable.PPO("MlpPolicy", envs, n_steps=16, batch_size=32, n_epochs=1, device="cpu").learn(128)
