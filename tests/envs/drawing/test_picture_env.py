"""The ground truth is drawn as Memory Gym draws it, to the byte, and windows open without a display of their own."""

import json
import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from memorl.envs.drawing.picture_env import PictureEnv

DATA = Path(__file__).parents[2] / "oracles" / "data"
TRUTH = np.load(DATA / "ground_truth.npz")
EVERY = 8
IDS = [name for name in gymnasium.registry if name.startswith("memorl/")]
PICTURED = [name for name in sorted(IDS) if "human" in gymnasium.make_vec(name).metadata["render_modes"]]
FILES = sorted({name.partition("/")[0] for name in TRUTH.files})


@pytest.mark.parametrize("file", FILES)
def test_the_ground_truth_is_drawn_as_the_original_draws_it(file: str) -> None:
    """Every eighth picture; 0 where the original shows a command a step early, which is not imitated."""
    traces = np.load(DATA / f"{file}.npz")
    told: list[dict[str, Any]] = json.loads(str(traces["meta"]))
    for episode in (episode for episode in told if f"{file}/{episode['key']}" in TRUTH.files):
        drawn = TRUTH[f"{file}/{episode['key']}"]
        envs = gymnasium.make_vec(f"memorl/{episode['env']}", num_envs=1, render_mode="debug_rgb_array")
        envs.reset(seed=episode["seed"], options=episode["options"])
        for t, action in enumerate([None, *traces[f"{episode['key']}_a"]][: EVERY * len(drawn)]):
            if action is not None:
                envs.step(action[None].astype(np.int64))
            if t % EVERY == 0 and drawn[t // EVERY]:
                (picture,) = envs.render() or ()
                assert picture.shape == (336, 336, 3)
                assert zlib.crc32(np.ascontiguousarray(picture)) == drawn[t // EVERY], (episode["key"], t)


@pytest.mark.parametrize("name", PICTURED)
def test_a_batch_is_drawn_as_its_envs_are_alone(name: str) -> None:
    together = gymnasium.make_vec(name, num_envs=3, render_mode="debug_rgb_array")
    alone = [gymnasium.make(name, render_mode="debug_rgb_array") for _ in range(3)]
    together.reset(seed=5)
    for i, env in enumerate(alone):
        env.reset(seed=5 + i)
    for action in [together.action_space.sample() for _ in range(5)]:
        together.step(action)
        for i, env in enumerate(alone):
            env.step(action[i])
    for picture, env in zip(together.render() or (), alone, strict=True):
        assert np.array_equal(picture, env.render())


@pytest.mark.parametrize("name", PICTURED)
def test_drawing_the_truth_changes_nothing(name: str) -> None:
    envs = gymnasium.make_vec(name, num_envs=2, render_mode="debug_rgb_array")
    assert isinstance(envs, PictureEnv)
    envs.reset(seed=1)
    before = envs.state_dict()
    envs.render()
    assert all(np.array_equal(value, before[key]) for key, value in envs.state_dict().items())


def test_a_window_shows_the_truth_of_all_envs_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    pygame: Any = pytest.importorskip("pygame")
    monkeypatch.setitem(os.environ, "SDL_VIDEODRIVER", "dummy")
    name = "memorl/Endless-MysteryPath-v0"
    shown = gymnasium.make_vec(name, num_envs=3, render_mode="human")
    drawn = gymnasium.make_vec(name, num_envs=3, render_mode="debug_rgb_array")
    for envs in (shown, drawn):
        envs.reset(seed=0)
        envs.step(np.ones(3, np.int64))
    seen = pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1)
    pictures = drawn.render() or ()
    assert seen.shape == (2 * 336 + 4, 2 * 336 + 4, 3)
    for i, picture in enumerate(pictures):
        assert np.array_equal(seen[i // 2 * 340 :, i % 2 * 340 :][:336, :336], picture)
    assert not seen[340:, 340:].any()
    assert shown.render() is None
    shown.close()
    assert not pygame.display.get_init()


def test_a_single_env_has_a_window_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pygame: Any = pytest.importorskip("pygame")
    monkeypatch.setitem(os.environ, "SDL_VIDEODRIVER", "dummy")
    env = gymnasium.make("memorl/MortarMayhem-Grid-v0", render_mode="human")
    env.reset(seed=0)
    assert pygame.display.get_surface().get_size() == (336, 336)
    env.step(0)
    assert env.render() is None
    env.close()
    assert not pygame.display.get_init()


def test_nothing_but_a_window_needs_pygame() -> None:
    """Envs are made, played and drawn where pygame cannot be imported; a window says in one line what is missing."""
    program = """
import sys
sys.modules["pygame"] = None
import gymnasium, memorl.envs
for name in (name for name in gymnasium.registry if name.startswith("memorl/")):
    for mode in [mode for mode in gymnasium.make_vec(name).metadata["render_modes"] if mode != "human"]:
        envs = gymnasium.make_vec(name, num_envs=2, render_mode=mode)
        envs.reset(seed=0)
        envs.step(envs.action_space.sample())
        assert len(envs.render()) == 2
try:
    gymnasium.make_vec("memorl/MysteryPath-v0", render_mode="human").reset()
except RuntimeError as error:
    assert "pip install" in str(error)
else:
    raise AssertionError
"""
    subprocess.run([sys.executable, "-c", program], check=True)
