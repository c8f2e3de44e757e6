"""The layers of the picture of Searing Spotlights, from the lowest up."""

FLOOR, DARK, BAR, COIN, EXIT, AGENT, NOTHING = range(7)
LAYERS = 6
"""The number of layers; where there are fewer, the last are NOTHING."""


def stack_layers(coin_above: bool, exit_above: bool, agent_above: bool, with_exit: bool) -> list[int]:
    """Return the layers from the lowest up, with the original's arithmetic of where to insert one among the others."""
    order = [FLOOR, DARK, BAR]
    dark = 1
    things = [(COIN, coin_above, 1), (EXIT, exit_above, 2), (AGENT, agent_above, 3)]
    for layer, above, offset in things if with_exit else (things[0], things[2]):
        order.insert(dark + offset if above else dark, layer)
        dark += not above
    return order + [NOTHING] * (LAYERS - len(order))
