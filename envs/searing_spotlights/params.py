"""The derived fields of the params of Searing Spotlights, and the sprites that they number."""

from functools import cache

from memorl.envs.drawing.canvas import Atlas, Scene
from memorl.envs.drawing.character import Figures
from memorl.envs.engine.fields import Array

from .bits import silhouettes
from .options import AGENT, BAR, COIN, DARK, EXIT, FLOOR, LAYERS, NOTHING
from .scenery import add_coin, add_exit, coin_radius


def derive_params(params: Array, endless: bool) -> Scene:
    """Fill the derived fields of every row, and return the scene that they speak of."""
    atlas = Atlas()
    figures = Figures(atlas)
    coin_number = cache(lambda scale: add_coin(atlas, scale))
    exit_number = cache(lambda scale: add_exit(atlas, scale))
    for row in params:
        figures.derive(row, float(row["agent_scale"]))
        row["endless"] = endless
        row["coin"] = coin_number(float(row["coin_scale"]))
        row["coin_radius"] = coin_radius(float(row["coin_scale"]))
        row["least"] = int(row["spot_min_radius"])
        row["beyond"] = int(row["spot_max_radius"] + 1)
        if endless:
            row["interval"] = row["spawn_interval"]
        else:
            row["interval"] = int(row["initial_spawn_interval"] + row["spawn_interval_threshold"])
            row["exit"] = exit_number(float(row["exit_scale"]))
            row["exit_radius"] = 20 / 2 * row["exit_scale"]
        above = bool(row["exit_visible"]), bool(row["agent_visible"]), not endless
        row["layers"] = [_stack_layers(coin_above, *above) for coin_above in (False, True)]
    sprites = atlas.sprites()
    return Scene(silhouettes(sprites), sprites)


def _stack_layers(coin_above: bool, exit_above: bool, agent_above: bool, with_exit: bool) -> list[int]:
    """Return the layers from the lowest up, with the original's arithmetic of where to insert one among the others."""
    order = [FLOOR, DARK, BAR]
    dark = 1
    things = [(COIN, coin_above, 1), (EXIT, exit_above, 2), (AGENT, agent_above, 3)]
    for layer, above, offset in things if with_exit else (things[0], things[2]):
        order.insert(dark + offset if above else dark, layer)
        dark += not above
    return order + [NOTHING] * (LAYERS - len(order))
