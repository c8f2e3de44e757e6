"""Mortar Mayhem can be solved, and its symbolic observation says exactly what its picture shows."""

from typing import Any

import numpy as np
import pytest

from memorl.envs import MortarMayhem
from memorl.envs.mortar_mayhem.arena import MOVES, NAMES, SLOT_ORDER, TILE, low_edge
from tests.support.mortar_mayhem import Painter, Scene

VARIANTS = [(grid, act_only) for act_only in (False, True) for grid in (False, True)]
SOLVED_LENGTH = {(False, False): 274, (True, False): 118, (False, True): 235, (True, True): 79}


class Player:
    """Plays one episode from symbolic observations alone, without a mistake."""

    def __init__(self, grid: bool) -> None:
        self.grid = grid
        self.commands: list[str] = []
        self.done = 0
        self.before: Scene | None = None
        self.target = np.zeros(2, int)

    def act(self, scene: Scene) -> Any:
        if self.before is None:
            self.commands = [
                SLOT_ORDER[slot.argmax()] for slot in scene.slots.reshape(-1, len(SLOT_ORDER)) if slot.any()
            ]
            self.target = scene.tile
        if scene.command and (self.before is None or not self.before.command):
            self.commands.append(scene.command)
        exploded_before = self.before is not None and self.before.exploded
        if self.before is None or (exploded_before and not scene.exploded):
            self.target = self.target + MOVES[NAMES.index(self.commands[self.done])]
            self.done += 1
        self.before = scene
        return self.turn_or_go(scene) if self.grid else self.walk(scene)

    def walk(self, scene: Scene) -> np.ndarray:
        away = low_edge(scene.size) + TILE * self.target + TILE // 2 - scene.figure
        return np.where(np.abs(away) < 2, 0, np.where(away > 0, 2, 1))

    def turn_or_go(self, scene: Scene) -> int:
        across, down = self.target - scene.tile
        if not across and not down:
            return 0
        wanted = (6 if across > 0 else 2) if across else (4 if down > 0 else 0)
        return 3 if wanted == scene.facing else 1 if (wanted - scene.facing) % 8 <= 4 else 2


@pytest.mark.parametrize(("grid", "act_only"), VARIANTS)
def test_a_player_who_remembers_gets_everything_from_pixels_and_symbols(grid: bool, act_only: bool) -> None:
    """Both observations run side by side; what one shows the other must show, in both directions."""
    arguments: dict[str, Any] = {"grid": grid, "act_only": act_only, "num_envs": 6}
    envs, symbolic = MortarMayhem(**arguments), MortarMayhem(**arguments, observation="symbolic")
    players, painter, described = [Player(grid) for _ in range(6)], Painter(), {}
    pixels, _ = envs.reset(seed=40)
    symbols, _ = symbolic.reset(seed=40)
    for t in range(SOLVED_LENGTH[grid, act_only]):
        scenes = [Scene(row) for row in symbols]
        visible = pixels["visual_observation"] if act_only else pixels
        for i, scene in enumerate(scenes):
            assert np.array_equal(painter.draw(scene), visible[i])
            assert not act_only or np.array_equal(scene.slots, pixels["vector_observation"][i])
            key = (visible[i].tobytes(), scene.slots.tobytes())
            assert described.setdefault(key, symbols[i].tobytes()) == symbols[i].tobytes()
        actions = np.array([player.act(scene) for player, scene in zip(players, scenes, strict=True)])
        pixels, rewards, ends, _, infos = envs.step(actions)
        symbols, same_rewards, same_ends, _, _ = symbolic.step(actions)
        assert np.array_equal(rewards, same_rewards)
        assert np.array_equal(ends, same_ends)
        assert ends.all() == ends.any() == (t + 1 == SOLVED_LENGTH[grid, act_only])
    assert infos["reward"] == pytest.approx(1.0)
    assert infos["success"].tolist() == infos["commands_completed"].tolist() == [1] * 6


@pytest.mark.parametrize(("grid", "act_only"), VARIANTS)
def test_symbols_hide_what_the_picture_hides(grid: bool, act_only: bool) -> None:
    """Without visual feedback neither the explosion nor the safe tile is told."""
    env = MortarMayhem(grid=grid, act_only=act_only, observation="symbolic", visual_feedback=False)
    observation, _ = env.reset(seed=2)
    player = Player(grid)
    hidden = [env.symbolic_fields.index(name) for name in ("exploded", "safe_x", "safe_y")]
    ends = np.zeros(1, np.bool_)
    while not ends[0]:
        assert not observation[0, hidden].any()
        observation, _, ends, _, _ = env.step(np.array([player.act(Scene(observation[0]))]))


def test_symbolic_fields_name_every_value() -> None:
    for act_only in (False, True):
        env = MortarMayhem(act_only=act_only, observation="symbolic")
        assert (len(env.symbolic_fields),) == env.single_observation_space.shape
        assert len(set(env.symbolic_fields)) == len(env.symbolic_fields)
