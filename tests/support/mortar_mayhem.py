"""The symbolic observation of Mortar Mayhem, and the picture drawn back from it."""

import numpy as np

from memorl.envs.drawing.canvas import SIZE, Atlas, blit
from memorl.envs.drawing.character import SCALE, add_character
from memorl.envs.mortar_mayhem.arena import COMMAND_CORNER, NAMES, TILE, add_scenery, low_edge
from memorl.envs.mortar_mayhem.view import SYMBOLIC_FIELDS


class Scene:
    """What a symbolic observation says, in the units of the picture."""

    def __init__(self, observation: np.ndarray) -> None:
        value = dict(zip(SYMBOLIC_FIELDS, observation.tolist(), strict=False))
        self.facing = next(facing for facing in range(8) if value[f"facing_{45 * facing}"])
        self.command = next((name for name in NAMES if value[f"command_{name}"]), None)
        self.figure = np.round(SIZE * np.array([value["agent_x"], value["agent_y"]])).astype(int)
        self.safe = np.round(SIZE * np.array([value["safe_x"], value["safe_y"]])).astype(int)
        self.size = round(6 * value["arena_size"])
        self.exploded = bool(value["exploded"])
        self.tile = (self.figure - low_edge(self.size)) // TILE
        self.slots = observation[len(SYMBOLIC_FIELDS) :]


class Painter:
    """Draws the picture back from its description."""

    def __init__(self) -> None:
        atlas = Atlas()
        self.scenery = add_scenery(atlas)
        self.first_figure = add_character(atlas, SCALE)
        self.sprites = atlas.sprites()

    def draw(self, scene: Scene) -> np.ndarray:
        frame = self.scenery.floors[scene.size, int(scene.exploded)].copy()
        if scene.exploded:
            blit(frame, self.sprites, self.scenery.safe, *(scene.safe - TILE // 2))
        blit(frame, self.sprites, self.first_figure + scene.facing, *scene.figure)
        if scene.command:
            number = self.scenery.commands + NAMES.index(scene.command)
            blit(frame, self.sprites, number, COMMAND_CORNER, COMMAND_CORNER)
        return frame.reshape(SIZE, SIZE, 3)
