"""The symbolic observation of Searing Spotlights says what its picture shows, all of it and nothing else."""

from typing import Any

import numpy as np
import pytest

from memorl.envs import SearingSpotlights
from memorl.envs.searing_spotlights.symbols import describe

N = 24
THINGS = {"hurt", "agent_seen", "exit_seen", "spot_0_seen", "coin_0_seen"}
PLAIN: dict[str, Any] = {"agent_health": 30}


class Painter:
    """Draws pictures back from their descriptions, with the game's own pencil and nothing but the description."""

    def __init__(self, names: tuple[str, ...], **arguments: Any) -> None:
        self.names = names
        self.envs = SearingSpotlights(num_envs=N, render_mode="rgb_array", **arguments)
        self.envs.reset(seed=0)

    def draw(self, symbols: np.ndarray) -> np.ndarray:
        state = self.envs._state
        for name in ("is_hurt", "exit_open", "coin_t", "coin_count", "lit_count"):
            state[name] = 0
        for name in ("x", "y", "exit_x", "exit_y"):
            state[name] = -1000
        for env, row in zip(state, symbols, strict=True):
            told = dict(zip(self.names, row.tolist(), strict=True))
            env["alpha"], env["is_hurt"] = round(255 * told["darkness"]), told["hurt"]
            env["red_width"], env["bar_reward"] = round(42 * told["health_lost"]), told["last_reward"]
            env["length"] = told["reward_told"]
            for field, axis in (("bar_across", "horizontal"), ("bar_down", "vertical")):
                ways = [told[f"last_{axis}_{way}"] for way in ("none", "minus", "plus")]
                env[field] = ways.index(1) if any(ways) else 0
            self.things(env, told)

    def things(self, env: Any, told: dict[str, float]) -> None:
        if told["agent_seen"]:
            env["facing"] = [told[f"agent_facing_{45 * facing}"] for facing in range(8)].index(1)
            env["x"], env["y"] = round(84 * told["agent_x"]), round(84 * told["agent_y"])
        if told["exit_seen"]:
            env["exit_x"], env["exit_y"] = round(84 * told["exit_x"]), round(84 * told["exit_y"])
            env["exit_open"] = told["exit_open"]
        for kind, table, count, parts in (
            ("coin", env["coins"], "coin_count", ("x", "y")),
            ("spot", env["lit"], "lit_count", ("x", "y", "radius")),
        ):
            slot = 0
            while told.get(f"{kind}_{slot}_seen"):
                table[slot] = [round(84 * told[f"{kind}_{slot}_{part}"]) for part in parts]
                slot += 1
            env[count] = slot

    def pictures(self) -> np.ndarray:
        return np.stack(self.envs.render() or ()).swapaxes(1, 2)


@pytest.mark.parametrize(
    ("endless", "options"),
    [
        (False, PLAIN),
        (False, PLAIN | {"num_coins": [3], "light_threshold": 100}),
        (False, PLAIN | {"agent_visible": True, "num_coins": [2]}),
        (False, PLAIN | {"exit_visible": True, "coins_visible": True, "hide_chessboard": True}),
        (True, PLAIN),
        (False, PLAIN | {"exit_visible": True, "agent_visible": True, "exit_scale": 0.99, "spot_min_radius": 3}),
        (False, PLAIN | {"spot_damage": 25}),
        (True, PLAIN | {"coin_show_duration": 0, "initial_spawns": 6}),
    ],
)
def test_symbols_tell_all_that_the_picture_shows_and_nothing_else(endless: bool, options: dict[str, Any]) -> None:
    """Pictures can be drawn back from them, and not without any one of the things they tell of."""
    envs = SearingSpotlights(num_envs=N, endless=endless, **options)
    symbolic = SearingSpotlights(num_envs=N, endless=endless, observation="symbolic", **options)
    names = symbolic.symbolic_fields
    shown = 1000 if endless and options.get("coin_show_duration", 6) else 0
    above = {"coin_show_duration": shown} if endless else {}
    painter, under = (Painter(names, endless=endless, **(options | part)) for part in (above, {k: 0 for k in above}))
    flags = [i for i, name in enumerate(names) if name in THINGS]
    pictures, symbols = envs.reset(seed=9)[0], symbolic.reset(seed=9)[0]
    tape = np.random.default_rng(2).integers(0, 3, (80, N, 2))
    met = set()
    for t, actions in enumerate(tape):
        high = endless & (envs._state["coin_t"] < envs._params["coin_show_duration"][envs._state["row"]])

        def drawn(symbols: np.ndarray, high: np.ndarray = high) -> np.ndarray:
            both = []
            for one in (painter, under):
                one.draw(symbols)
                both.append(one.pictures())
            return np.where(high[:, None, None, None], *both)

        assert np.array_equal(drawn(symbols), pictures)
        if t % 10 == 0:
            for flag in flags:
                rows = symbols[:, flag] == 1
                if rows.any():
                    met.add(names[flag])
                    without = np.where(np.arange(len(names)) == flag, 0, symbols)
                    changed = (drawn(compact(without, names)) != pictures).any((1, 2, 3))
                    assert changed[rows].all(), names[flag]
        pictures, symbols = envs.step(actions)[0], symbolic.step(actions)[0]
    absent = ({"exit_seen"} if endless else set()) | ({"hurt"} if options.get("hide_chessboard") else set())
    assert met == THINGS - absent


def compact(symbols: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Close the gap that a spotlight or coin leaves that was left out of slot 0."""
    out = symbols.copy()
    for kind, width in (("spot", 4), ("coin", 3)):
        first = names.index(f"{kind}_0_seen")
        count = sum(name.startswith(f"{kind}_") for name in names) // width
        for row in out:
            slots = row[first : first + count * width].reshape(count, width)
            kept = slots[slots[:, 0] == 1]
            slots[:] = 0
            slots[: len(kept)] = kept
    return out


def test_what_lies_in_the_dark_is_not_told() -> None:
    env = SearingSpotlights(observation="symbolic", initial_spawns=0, num_spawns=0)
    observation, _ = env.reset(seed=1)
    names = env.symbolic_fields
    seen = [i for i, name in enumerate(names) if name.startswith(("agent", "coin", "exit", "spot"))]
    assert observation[0, [names.index(f"{thing}_seen") for thing in ("agent", "exit", "coin_0")]].all()
    for _ in range(10):
        observation, *_ = env.step(np.ones((1, 2), np.int64))
    assert not observation[0, seen].any()


def test_symbolic_fields_name_every_value() -> None:
    for endless, more in ((False, {"num_coins": [0, 5]}), (True, {})):
        env = SearingSpotlights(endless=endless, observation="symbolic", **more)
        assert (len(env.symbolic_fields),) == env.single_observation_space.shape
        assert len(set(env.symbolic_fields)) == len(env.symbolic_fields)
    with pytest.raises(ValueError, match="num_coins"):
        SearingSpotlights(observation="symbolic").reset(options={"num_coins": [2]})
    wrong: list[dict[str, Any]] = [
        {"black_background": True},
        {"exit_scale": 0.4},
        {"light_threshold": 254, "light_dim_off_duration": 0},
        {"light_threshold": 200, "light_dim_off_duration": 2},
        {"coin_enabled": False},
    ]
    for options in wrong:
        name, value = next(iter(options.items()))
        with pytest.raises(ValueError, match=f"{name} is {value}.*with symbols"):
            SearingSpotlights(endless=name == "coin_enabled", observation="symbolic", **options)
    with pytest.raises(ValueError, match="observation"):
        SearingSpotlights(observation="smell")


def test_what_would_show_only_beyond_the_edge_is_not_told() -> None:
    """The exit covers the coin but for its lowest rows, which the picture does not have."""
    env = SearingSpotlights(observation="symbolic", coin_scale=0.99, exit_scale=0.99)
    env.reset(seed=0)
    env._state["coins"][0, 0], env._state["exit_x"], env._state["exit_y"] = (77, 77), 77, 75
    observation, *_ = env.step(np.zeros((1, 2), np.int64))
    told = dict(zip(env.symbolic_fields, observation[0].tolist(), strict=True))
    assert (told["exit_seen"], told["coin_0_seen"]) == (1, 0)


def test_places_of_coins_do_not_tell_which_was_drawn_first() -> None:
    env = SearingSpotlights(num_envs=64, observation="symbolic", num_coins=[8])
    symbols, _ = env.reset(seed=0)
    first = env.symbolic_fields.index("coin_0_seen")
    for row in symbols[:, first : first + 24].reshape(64, 8, 3).tolist():
        places = [tuple(coin[1:]) for coin in row if coin[0]]
        assert len(places) > 2
        assert places == sorted(places)


def test_nothing_is_told_of_the_age_of_spotlights() -> None:
    """Those that light the same pixels included."""
    env = SearingSpotlights(num_envs=64, observation="symbolic", initial_spawns=30, spot_max_radius=40, agent_health=99)
    symbols, _ = env.reset(seed=0)
    for _ in range(20):
        symbols, *_ = env.step(np.zeros((64, 2), np.int64))
    again, rng = symbols.copy(), np.random.default_rng(0)
    for state, looks in zip(env._state, again, strict=True):
        state["lit"][: state["lit_count"]] = rng.permutation(state["lit"][: state["lit_count"]])
        looks[:] = 0
        describe(state, env._params[state["row"]], env._scene, looks)
    assert np.array_equal(again, symbols)


def test_a_bar_longer_than_its_field_hides_the_last_action() -> None:
    env = SearingSpotlights(observation="symbolic", agent_health=1, spot_damage=1000, show_last_positive_reward=False)
    env.reset(seed=0)
    last = [i for i, name in enumerate(env.symbolic_fields) if name.startswith("last_")][:6]
    end = np.zeros(1, np.bool_)
    while not end[0]:
        symbols, _, end, *_ = env.step(np.ones((1, 2), np.int64))
        assert symbols[0, last].sum() == (0 if symbols[0, 2] == 2 else 2)
    assert symbols[0, 2] == 2
