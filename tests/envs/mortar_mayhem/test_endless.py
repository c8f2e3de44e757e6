"""Endless Mortar Mayhem equals Memory Gym's, to the byte, and goes on for as long as its player remembers."""

from collections.abc import Iterator
from itertools import count, takewhile

import gymnasium
import numpy as np
import pytest

from memorl.envs import MortarMayhem
from memorl.envs.drawing.canvas import SIZE
from memorl.envs.mortar_mayhem.arena import MOVES, NAMES, TILE
from memorl.envs.mortar_mayhem.options import MAX_COMMANDS
from tests.support.mortar_mayhem import Painter, Scene

STILL = np.zeros((1, 2), np.int64)


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
