"""Endless Mortar Mayhem equals Memory Gym's, to the byte, and goes on for as long as its player remembers."""

import hashlib
import json
import zlib
from collections.abc import Iterator
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from memorl.envs import MortarMayhem
from memorl.envs.canvas import SIZE
from memorl.envs.mortar_arena import MOVES, NAMES, TILE
from memorl.envs.mortar_options import MAX_COMMANDS
from tests.test_envs_mortar_mayhem_play import Painter, Scene

TRACES = np.load(Path(__file__).parent / "data" / "endless_mortar_mayhem.npz")
EPISODES: list[dict[str, Any]] = json.loads(str(TRACES["meta"]))
CASES = {
    case: [episode for episode in EPISODES if episode["key"].split("_")[0] == case]
    for case in sorted({episode["key"].split("_")[0] for episode in EPISODES})
}
STILL = np.zeros((1, 2), np.int64)


def replay(envs: MortarMayhem, episodes: list[dict[str, Any]]) -> None:
    """Play recorded episodes of one case side by side; each is compared until its end."""
    traces = [{part: TRACES[f"{episode['key']}_{part}"] for part in "ardo"} for episode in episodes]
    observation, infos = envs.reset(seed=[episode["seed"] for episode in episodes], options=episodes[0]["options"])
    assert [zlib.crc32(picture) for picture in observation] == [trace["o"][0] for trace in traces]
    assert infos["_ground_truth"].all()
    assert infos["ground_truth"].tolist() == [episode["infos"][0]["ground_truth"] for episode in episodes]
    for t in range(max(len(trace["a"]) for trace in traces)):
        playing = [i for i, trace in enumerate(traces) if t < len(trace["a"])]
        actions = np.zeros((len(episodes), 2), np.int64)
        for i in playing:
            actions[i] = traces[i]["a"][t]
        observation, rewards, ends, truncations, infos = envs.step(actions)
        assert not truncations.any()
        for i in playing:
            assert zlib.crc32(observation[i]) == traces[i]["o"][t + 1], (episodes[i]["key"], t)
            assert (rewards[i], ends[i]) == (traces[i]["r"][t], traces[i]["d"][t]), (episodes[i]["key"], t)
            if ends[i]:
                reported = {key: values[i].tolist() for key, values in infos.items() if not key.startswith("_")}
                assert reported == episodes[i]["infos"][-1]
                assert all(infos[f"_{key}"][i] for key in reported)


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_one_after_the_other(case: str) -> None:
    env = MortarMayhem(endless=True)
    for episode in CASES[case]:
        replay(env, [episode])


@pytest.mark.parametrize("case", CASES)
def test_recorded_episodes_as_a_batch(case: str) -> None:
    """Env i of the batch begins where the episode before its own left the figure."""
    env, befores = MortarMayhem(endless=True), []
    for episode in CASES[case]:
        befores.append(env.state_dict())
        replay(env, [episode])
    batch = MortarMayhem(endless=True, num_envs=len(befores))
    state = batch.state_dict()
    looks = {key: np.concatenate([before[key] for before in befores]) for key in state if key.startswith("state.look")}
    batch.load_state_dict(state | looks)
    replay(batch, CASES[case])


def test_golden_hash_over_episodes() -> None:
    """400 random actions through Memory Gym itself, a new seed at each end, hashed there once and for all."""
    env, tape = MortarMayhem(endless=True), np.random.default_rng(123)
    hashed, episodes, returned = hashlib.sha1(), 0, 0.0
    hashed.update(env.reset(seed=7)[0].tobytes())
    for _ in range(400):
        observation, rewards, ends, _, _ = env.step(tape.integers(0, 3, (1, 2)))
        hashed.update(observation.tobytes())
        hashed.update(rewards.tobytes())
        returned += rewards[0]
        if ends[0]:
            episodes += 1
            hashed.update(env.reset(seed=7 + episodes)[0].tobytes())
    assert (episodes, round(returned, 9)) == (17, 0.1)
    assert hashed.hexdigest() == "5726fb6b68576cc30173805e146f791a4f3fd8cc"


class Player:
    """Plays from symbolic observations alone, for ever and without a mistake."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.next = 0
        self.before: Scene | None = None
        self.target = np.zeros(2, int)

    def act(self, scene: Scene) -> np.ndarray:
        if scene.command and (self.before is None or not self.before.command):
            self.commands.append(scene.command)
            self.next = 0
        if self.before is None:
            self.target = scene.tile
        if self.before is None or (self.before.exploded and not scene.exploded):
            self.target = (self.target + MOVES[NAMES.index(self.commands[self.next])]) % 6
            self.next += 1
        self.before = scene
        away = (TILE * self.target + TILE // 2 - scene.figure + SIZE // 2) % SIZE - SIZE // 2
        return np.where(np.abs(away) < 2, 0, np.where(away > 0, 2, 1))


def explosions() -> Iterator[int]:
    """Steps at which commands are judged: 4 steps show a new command, 18 leave the time to go, 6 are deadly."""
    step = 22
    for length in count(1):
        for k in range(length):
            yield step
            step += 24 + 4 * (k + 1 == length)


def test_a_player_who_remembers_goes_on_from_pixels_and_symbols() -> None:
    """Both observations run side by side; what one shows the other must show, in both directions."""
    steps, n = 1500, 3
    envs, symbolic = (MortarMayhem(endless=True, observation=kind, num_envs=n) for kind in ("pixels", "symbolic"))
    players, painter, seen = [Player() for _ in range(n)], Painter(), {}
    pixels, _ = envs.reset(seed=40)
    symbols, infos = symbolic.reset(seed=40)
    rewarded = []
    for t in range(1, steps + 1):
        scenes = [Scene(row) for row in symbols]
        for i, scene in enumerate(scenes):
            assert np.array_equal(painter.draw(scene), pixels[i])
            assert seen.setdefault(pixels[i].tobytes(), symbols[i].tobytes()) == symbols[i].tobytes()
        actions = np.array([player.act(scene) for player, scene in zip(players, scenes, strict=True)])
        assert np.array_equal([player.target / 5 for player in players], infos["ground_truth"])
        pixels, *flags, _ = envs.step(actions)
        symbols, *same_flags, infos = symbolic.step(actions)
        assert symbols in symbolic.observation_space
        assert all(np.array_equal(flag, same) for flag, same in zip(flags, same_flags, strict=True))
        assert not flags[1].any()
        assert not flags[0].any() or np.array_equal(flags[0], [0.1] * n)
        if flags[0].any():
            rewarded.append(t)
    assert rewarded == list(takewhile(lambda t: t <= steps, explosions()))
    ended = np.zeros(n, np.bool_)
    while not ended.all():
        *_, over, _, infos = envs.step(np.ones((n, 2), np.int64))
        for i in np.flatnonzero(over & ~ended):
            assert infos["max_command_sequence"][i] == len(players[i].commands) - 1
            assert infos["commands_completed"][i] >= len(rewarded)
        ended |= over


def test_the_longest_list_ends_the_episode() -> None:
    """Nobody waits until a list has grown to 1,024 commands; this one begins as long."""
    env = MortarMayhem(
        endless=True,
        observation="symbolic",
        initial_command_count=MAX_COMMANDS,
        allowed_commands=5,
        agent_speed=14,
        command_show_duration=[1],
        command_show_delay=[0],
        explosion_delay=[3],
        explosion_duration=[1],
    )
    observation, infos = env.reset(seed=1)
    ends = np.zeros(1, np.bool_)
    while not ends[0]:
        tile, target = Scene(observation[0]).tile, np.round(5 * infos["ground_truth"][0]).astype(int)
        away = (target - tile + 3) % 6 - 3
        away = np.where((away == 0) & (tile != target), np.where(tile < 0, -1, 1), away)
        observation, rewards, ends, _, infos = env.step(np.where(away == 0, 0, np.where(away > 0, 2, 1))[None])
    assert rewards[0] == 0.1
    assert infos["commands_completed"][0] == infos["max_command_sequence"][0] == MAX_COMMANDS


def test_a_figure_of_another_size_is_saved_with_the_state() -> None:
    """The picture of the steps after a reset still shows the figure of the episode before, in its size."""
    one, other = MortarMayhem(endless=True), MortarMayhem(endless=True)
    for scale in (0.2, 0.3):
        one.reset(seed=3, options={"agent_scale": scale, "max_steps": 8})
        while not one.step(STILL)[2][0]:
            pass
    other.load_state_dict(one.state_dict())
    after = [one.step(STILL)[0] for _ in range(8)]
    assert all(np.array_equal(picture, other.step(STILL)[0]) for picture in after)
    covered = [int((picture == (250, 204, 153)).all(-1).sum()) for picture in after]
    assert covered[1] == covered[2] != covered[0] == covered[7]


def test_a_figure_smaller_than_any_in_the_rules_is_saved_with_the_state() -> None:
    """Its sprite is another number where it is loaded."""
    one, other = MortarMayhem(endless=True), MortarMayhem(endless=True)
    one.reset(seed=3, options={"agent_scale": 0.2, "max_steps": 8})
    while not one.step(STILL)[2][0]:
        pass
    one.reset(seed=4, options={"agent_scale": 0.3})
    other.load_state_dict(one.state_dict())
    assert all(np.array_equal(one.step(STILL)[0], other.step(STILL)[0]) for _ in range(8))


def test_ground_truth_comes_with_every_reset_and_step_of_a_single_env() -> None:
    env = gymnasium.make("memorl/Endless-MortarMayhem-v0", max_steps=5, disable_env_checker=True)
    _, info = env.reset(seed=0)
    infos = [info, *(env.step(np.zeros(2, np.int64))[-1] for _ in range(5))]
    for told in infos:
        assert (told["ground_truth"].dtype, told["ground_truth"].shape) == (np.float64, (2,))
    assert [len(told) for told in infos] == [1, 1, 1, 1, 1, 5]
    assert infos[-1]["length"] == 5


@pytest.mark.parametrize("other", ["grid", "act_only"])
def test_endless_is_a_variant_of_its_own(other: str) -> None:
    with pytest.raises(ValueError, match=other):
        MortarMayhem(endless=True, **{other: True})
    with pytest.raises(ValueError, match="max_steps"):
        MortarMayhem(max_steps=5, **{other: True})
