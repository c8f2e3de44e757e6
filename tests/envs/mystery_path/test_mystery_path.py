"""Mystery Path can be solved by memory, and its symbolic observation says exactly what its picture shows."""

from typing import Any

import numpy as np
import pytest

from memorl.envs import MysteryPath
from memorl.envs.drawing.canvas import SIZE, Atlas, blit
from memorl.envs.drawing.character import SCALE, add_character
from memorl.envs.engine.rng import rng_from_seed
from memorl.envs.mystery_path.endless_path import MAX_NODES
from memorl.envs.mystery_path.options import TILE
from memorl.envs.mystery_path.path_search import SIDE, TILES, find_path
from memorl.envs.mystery_path.scenery import add_scenery

VARIANTS: dict[str, dict[str, bool]] = {"": {}, "grid": {"grid": True}, "endless": {"endless": True}}
Tile = tuple[int, int]


def middle(tile: Tile) -> np.ndarray:
    return TILE * np.array(tile) + TILE // 2


def beside(tile: Tile) -> list[Tile]:
    x, y = tile
    near = [(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)]
    return [(x, y) for x, y in near if 0 <= x < SIDE and 0 <= y < SIDE]


class Explorer:
    """Remembers which tiles were safe, which were not and where the goal was; goes there, or to the nearest unknown."""

    def __init__(self, grid: bool) -> None:
        self.grid = grid
        self.safe: set[Tile] = set()
        self.deadly: set[Tile] = set()
        self.target: Tile | None = None
        self.goal: Tile | None = None

    def next_tile(self, here: Tile) -> Tile:
        came: dict[Tile, Tile] = {here: here}
        for tile in (queue := [here]):
            if tile == self.goal or tile not in self.safe:
                while came[tile] != here:
                    tile = came[tile]
                return tile
            for other in beside(tile):
                if other not in came and other not in self.deadly and (not self.goal or other in self.safe):
                    came[other] = tile
                    queue.append(other)
        raise AssertionError("every tile is known and none is the goal")

    def act(self, names: tuple[str, ...], observation: np.ndarray) -> Any:
        value = dict(zip(names, observation.tolist(), strict=True))
        figure = np.round(SIZE * np.array([value["agent_x"], value["agent_y"]])).astype(int)
        x, y = (int(number) for number in figure // TILE)
        (self.deadly if value["fallen"] else self.safe).add((x, y))
        if value["fallen"]:
            self.target = None
            return 0 if self.grid else [0, 0]
        if self.target is None or np.array_equal(middle(self.target), figure):
            self.target = self.next_tile((x, y))
        if not self.grid:
            return (2 * np.sign(middle(self.target) - figure)) % 3
        wanted = {(1, 0): 6, (-1, 0): 2, (0, 1): 4, (0, -1): 0}[self.target[0] - x, self.target[1] - y]
        facing = next(facing for facing in range(8) if value[f"facing_{45 * facing}"])
        return 3 if wanted == facing else 1 if (wanted - facing) % 8 <= 4 else 2


@pytest.mark.parametrize("grid", [False, True])
def test_memory_of_safe_and_deadly_tiles_reaches_every_goal(grid: bool) -> None:
    """And once the way is known, it is walked without a fall."""
    env = MysteryPath(grid=grid, observation="symbolic", max_steps=-1, reward_path_progress=0.1)
    for seed in range(12):
        player = Explorer(grid)
        for known in (False, True):
            observation, _ = env.reset(seed=seed)
            tiles = int((env.state_dict()["state.tiles"] > 0).sum())
            player.target = None
            ends = np.zeros(1, np.bool_)
            while not ends[0]:
                action = player.act(env.symbolic_fields, observation[0])
                observation, _, ends, _, infos = env.step(np.array([action]))
            assert player.target
            player.goal = player.target
            player.safe.add(player.goal)
            assert infos["success"] == 1
            if known:
                assert infos["num_fails"] == 0
            assert 1 <= infos["reward"] <= 1 + 0.1 * (tiles - 2) + 1e-9


class Guide(Explorer):
    """Knows the whole path, and goes to the goal when it has been on every other tile."""

    def __init__(self, grid: bool, path: set[Tile], goal: Tile) -> None:
        super().__init__(grid)
        self.path, self.end, self.left = path, goal, path - {goal}

    def next_tile(self, here: Tile) -> Tile:
        self.left.discard(here)
        wanted = self.left or {self.end}
        came: dict[Tile, Tile] = {here: here}
        for tile in (queue := [here]):
            if tile in wanted:
                while came[tile] != here:
                    tile = came[tile]
                return tile
            for other in beside(tile):
                if other not in came and other in self.path and (other != self.end or other in wanted):
                    came[other] = tile
                    queue.append(other)
        raise AssertionError("the path has a gap")


@pytest.mark.parametrize("grid", [False, True])
def test_a_player_who_knows_the_path_gets_everything_within_the_time_limit(grid: bool) -> None:
    env = MysteryPath(grid=grid, observation="symbolic", **({"reward_path_progress": 0.1} if grid else {}))
    for seed in range(100, 130):
        observation, _ = env.reset(seed=seed)
        tiles, goal = env._state["tiles"][0], divmod(int(env._state["goal"][0]), SIDE)
        path = {divmod(int(tile), SIDE) for tile in np.flatnonzero(tiles)}
        player, ends = Guide(grid, path, goal), np.zeros(1, np.bool_)
        while not ends[0]:
            action = player.act(env.symbolic_fields, observation[0])
            observation, _, ends, _, infos = env.step(np.array([action]))
        assert (infos["success"], infos["num_fails"]) == (1, 0)
        assert infos["reward"] == pytest.approx(1 + 0.1 * (len(path) - 2))


def follow(env: MysteryPath, seed: int, steps: int) -> dict[str, Any]:
    """Go where the infos point, and return those of the end."""
    _, infos = env.reset(seed=seed)
    for _ in range(steps):
        _, _, ends, _, infos = env.step(1 + infos["ground_truth"].argmax(1))
        if ends[0]:
            break
    return infos


def test_the_ground_truth_leads_along_the_endless_path() -> None:
    env = MysteryPath(endless=True, max_steps=1500)
    infos = follow(env, 9, 1500)
    assert (infos["length"], infos["num_fails"]) == (1500, 0)
    assert infos["reward"] == pytest.approx(0.1 * infos["tiles_visited"][0])
    assert infos["tiles_visited"] >= 370


def test_the_endless_path_ends_after_its_last_tile() -> None:
    """With the longest stride a step is a tile; the seed's path never goes to the left."""
    env = MysteryPath(endless=True, agent_speed=12)
    infos = follow(env, 1, 2 * MAX_NODES)
    assert infos["num_fails"] == 0
    assert MAX_NODES - 4 * TILES < infos["length"][0] < MAX_NODES


def test_without_progress_stamina_ends_the_endless_path() -> None:
    env = MysteryPath(endless=True, stamina_level=7)
    env.reset(seed=0)
    ends = [env.step(np.zeros(1, np.int64))[2][0] for _ in range(7)]
    assert ends == [False] * 6 + [True]


def test_paths_lead_from_start_to_end_without_a_gap_or_a_tile_twice() -> None:
    stream, path = rng_from_seed(0), np.empty(TILES, np.int64)
    lengths = []
    for k in range(2000):
        start, end = k % SIDE, SIDE * (SIDE - 1) + k // SIDE % SIDE
        lengths.append(find_path(stream, start, end, path, np.empty(TILES, np.int8)))
        tiles = np.stack([path[: lengths[-1]] // SIDE, path[: lengths[-1]] % SIDE], axis=1)
        assert (path[0], path[lengths[-1] - 1]) == (start, end)
        assert (np.abs(np.diff(tiles, axis=0)).sum(1) == 1).all()
        assert len(np.unique(tiles, axis=0)) == len(tiles)
    assert np.mean(lengths) == pytest.approx(10.1, abs=0.3)


class Painter:
    """Draws the picture back from its description."""

    def __init__(self) -> None:
        atlas = Atlas()
        self.scenery = add_scenery(atlas)
        self.first_figure = add_character(atlas, SCALE)
        self.sprites = atlas.sprites()

    def draw(self, names: tuple[str, ...], observation: np.ndarray, ice: bool, bar: bool) -> np.ndarray:
        value = dict(zip(names, observation.tolist(), strict=True))
        endless = "fatigue" in names
        frame = self.scenery.grounds[int(ice), (shift := round(TILE * value.get("ground_shift", 0))) : shift + SIZE]
        frame = frame.copy()
        for end in () if endless else ("origin", "goal"):
            if value[f"{end}_shown"]:
                corner = [round(SIZE * value[f"{end}_{axis}"]) - TILE // 2 for axis in "xy"]
                blit(frame, self.sprites, getattr(self.scenery, end), *corner)
        for column in range(SIDE + 1) if endless else ():
            for row in range(SIDE):
                if value[f"trodden_{column}_{row}"]:
                    left = TILE * column - round(TILE * value["trodden_shift"])
                    blit(frame, self.sprites, self.scenery.trodden, left, TILE * row)
        x, y = round(SIZE * value["agent_x"]), round(SIZE * value["agent_y"])
        if endless:
            y = round((SIZE + 2 * TILE) * value["agent_y"]) - TILE
        facing = next(facing for facing in range(8) if value[f"facing_{45 * facing}"])
        blit(frame, self.sprites, self.first_figure + facing, x, y)
        if bar:
            blit(frame, self.sprites, self.scenery.bar + round(SIZE * value["fatigue"]), SIZE - 4, 0)
        if value["fallen"]:
            blit(frame, self.sprites, self.scenery.cross, x, y)
        return frame.reshape(SIZE, SIZE, 3)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("variant", VARIANTS)
def test_symbols_say_what_the_picture_shows(variant: str, full: bool) -> None:
    shown = ["show_background", "show_stamina"] if variant == "endless" else ["show_origin", "show_goal"]
    arguments = {**VARIANTS[variant], **dict.fromkeys(shown, full), "num_envs": 6, "visual_feedback": not full}
    pixels, symbols = MysteryPath(**arguments), MysteryPath(**arguments, observation="symbolic")
    painter = Painter()
    pictures, infos = pixels.reset(seed=2)
    values, _ = symbols.reset(seed=2)
    rng = np.random.default_rng(0)
    pixels.action_space.seed(0)
    for _ in range(300):
        for picture, vector in zip(pictures, values, strict=True):
            drawn = painter.draw(
                symbols.symbolic_fields,
                vector,
                "ground_shift" in symbols.symbolic_fields and full,
                variant == "endless" and full,
            )
            assert np.array_equal(picture, drawn)
        actions = pixels.action_space.sample()
        if variant == "endless":
            actions = np.where(rng.random(6) < 0.05, actions, 1 + infos["ground_truth"].argmax(1))
        pictures, rewards, ends, _, infos = pixels.step(actions)
        values, same_rewards, same_ends, _, _ = symbols.step(actions)
        assert np.array_equal(rewards, same_rewards)
        assert np.array_equal(ends, same_ends)


@pytest.mark.parametrize("variant", VARIANTS)
def test_symbolic_fields_name_every_value(variant: str) -> None:
    env = MysteryPath(**VARIANTS[variant], observation="symbolic")
    assert (len(env.symbolic_fields),) == env.single_observation_space.shape
    assert len(set(env.symbolic_fields)) == len(env.symbolic_fields)


def test_a_list_of_sides_chooses_where_the_path_starts() -> None:
    for side, axis, edge in ((0, 0, 0), (1, 0, SIDE - 1), (2, 1, 0), (3, 1, SIDE - 1)):
        env = MysteryPath(observation="symbolic", show_origin=True, cardinal_origin_choice=[side], num_envs=20)
        origin = env.reset(seed=1)[0][:, [env.symbolic_fields.index(f"origin_{axis}") for axis in "xy"]]
        assert (np.floor(SIDE * origin[:, axis]) == edge).all()
        assert len(np.unique(origin[:, 1 - axis])) > 3


def test_an_endless_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="grid is True"):
        MysteryPath(grid=True, endless=True)
    with pytest.raises(ValueError, match="stamina_level"):
        MysteryPath(stamina_level=5)
