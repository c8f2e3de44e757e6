"""Playing: what keys mean, films without a display, and a window that listens."""

import os
import re
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
import pytest

from memorl.envs import make
from memorl.envs.play.__main__ import main
from memorl.envs.play.controls import controls_of, format_keys, parse_keys
from memorl.envs.play.game import Game
from memorl.envs.play.scene import Scene
from memorl.envs.play.settings import Settings


@pytest.mark.parametrize(
    ("name", "keys", "actions"),
    [
        ("mystery_path", "right*2 up+left . down", [[2, 0], [2, 0], [1, 1], [0, 0], [0, 2]]),
        ("mystery_path_grid", "left right up space", [1, 2, 3, 0]),
        ("endless_mystery_path", ". right up down", [0, 1, 2, 3]),
        ("minigrid_memory", "left right up p o space x", [0, 1, 2, 3, 4, 5, 6]),
        ("repeat_previous", "0 3*2", [0, 3, 3]),
    ],
)
def test_keys_are_actions(name: str, keys: str, actions: list[Any]) -> None:
    env = make(name)
    assert parse_keys(keys, controls_of(env)) == actions
    assert all(action in env.single_action_space for action in map(np.array, actions))


@pytest.mark.parametrize("keys", ["jump", "right*", "right+", "*3", "left"])
def test_keys_that_mean_nothing_are_named(keys: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(keys))):
        parse_keys(keys, controls_of(make("endless_mystery_path")))


def test_what_was_pressed_can_be_read_again() -> None:
    pressed = [frozenset(keys) for keys in (["right"], ["right"], [], ["up", "left"], ["up", "left"])]
    assert format_keys(pressed) == "right*2 . left+up*2"
    controls = controls_of(make("mystery_path"))
    assert parse_keys(format_keys(pressed), controls) == [controls.action(keys) for keys in pressed]


def test_a_film_shows_the_level_of_the_seed_and_the_keys_pressed(tmp_path: Path) -> None:
    file = tmp_path / "film.gif"
    main(["env=mystery_path_grid", "seed=5", "view=both", "keys=right up*2", "zoom=1", "--record", str(file)])
    frames = imageio.imread(file)
    envs = {mode: make("memorl/MysteryPath-Grid-v0", render_mode=mode) for mode in ("rgb_array", "debug_rgb_array")}
    for env in envs.values():
        env.reset(seed=5)
    for t, action in enumerate([2, 3, 3, None]):
        seen, truth = ((env.render() or ())[0] for env in envs.values())
        assert np.array_equal(frames[t][:, :336], seen.repeat(4, 0).repeat(4, 1))
        assert np.array_equal(frames[t][:, 340:], truth)
        for env in envs.values() if action is not None else ():
            env.step(np.array([action]))
    assert len(frames) == 4


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["zoom=20", "steps=100000"], r"100000 pictures need 13547\.5 GB of memory; choose fewer steps or less zoom"),
        (["zoom=1000"], "zoom is 1000; it must be a whole number from 1 to 20"),
        (["steps=2147483648"], "steps is 2147483648; it must be a whole number from 1 to 100000"),
        (["keys=right*1000000000"], r"keys has 'right\*1000000000', which means nothing here; known are .*"),
    ],
)
def test_a_film_too_large_for_memory_is_refused(arguments: list[str], says: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=f"error: {says}"):
        main(["env=mystery_path_grid", *arguments, f"record={tmp_path / 'film.gif'}"])
    assert not list(tmp_path.iterdir())


def test_a_film_of_random_actions_is_that_of_its_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["env=minigrid_memory", "env.size=S7", "view=both", "steps=9", "zoom=1"]
    for file in ("a.gif", "b.gif"):
        main([*command, f"record={tmp_path / file}"])
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    assert "10 pictures, written to" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["env=mystry_path"], "env is 'mystry_path'; the nearest known are mystery_path"),
        (["vew=both"], "key is 'vew'; the nearest known are view"),
        (["view=all"], "view is 'all'; known are agent, both, truth"),
        (["env=repeat_previous"], "env=repeat_previous has no pictures to play by"),
        (["env=gymnasium", "view=truth"], "view is 'truth', but env=gymnasium cannot draw debug_rgb_array"),
        (["env.grdi=true"], "an argument of MysteryPath is 'grdi'; the nearest known are grid"),
        (["seed=-1"], "seed is -1; it must be a whole number from 0"),
        (["zoom=big"], "zoom is 'big'; it must be a whole number from 1"),
        (["env.max_steps=[1"], "env.max_steps is '[1', which cannot be read"),
        (["--record"], "an argument is '--record'; it must be key=value or --help"),
        (["keys=jump", "record=x.gif"], "keys has 'jump', which means nothing here"),
    ],
)
def test_bad_commands_get_one_line(arguments: list[str], told: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert str(caught.value).startswith(f"error: {told}")
    assert "\n" not in str(caught.value)


def test_without_a_display_it_says_so_and_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER", "SDL_VIDEO_DRIVER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit, match=r"^error: there is no display for a window .*; --record mystery_path\.gif "):
        main(["env=mystery_path"])


def test_help_tells_the_keys_of_every_kind_of_game(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    told = capsys.readouterr().out
    assert all(text in told for text in ("WASD", "Page Up", "go there", "one tile forward", "endless_mystery_path"))


@pytest.fixture
def game(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A window without a display, and a way to press keys."""
    pygame: Any = pytest.importorskip("pygame")
    monkeypatch.setitem(os.environ, "SDL_VIDEODRIVER", "dummy")

    def begin(name: str, **arguments: Any) -> tuple[Game, Any]:
        settings = Settings(env=name, zoom=1)
        scene = Scene(name, {"levels": None, **arguments}, "agent")
        game = Game(scene, controls_of(scene.env), settings)
        game.window.fps = 0

        def tap(key: str, up: bool = True) -> None:
            for kind in (pygame.KEYDOWN, pygame.KEYUP)[: 1 + up]:
                pygame.event.post(pygame.event.Event(kind, key=pygame.key.key_code(key)))

        return game, tap

    return begin


def turns(game: Game, count: int) -> None:
    """Let the game run for so many pictures."""
    shown = game.window.show
    left = [count]

    def show(picture: np.ndarray) -> None:
        shown(picture)
        left[0] -= 1
        game.open &= left[0] > 0

    game.window.show, close, game.window.close, game.open = show, game.window.close, lambda: None, True  # type: ignore[method-assign]
    game.run()
    game.window.show, game.window.close = shown, close  # type: ignore[method-assign]


def test_time_stands_still_on_a_grid_until_a_key_is_pressed(game: Any) -> None:
    playing, tap = game("mystery_path_grid")
    turns(playing, 4)
    assert playing.pressed == []
    tap("w")
    turns(playing, 4)
    assert playing.pressed == [frozenset({"up"})]
    playing.window.close()


def test_keys_that_are_held_go_on_and_an_end_is_told(game: Any, capsys: pytest.CaptureFixture[str]) -> None:
    playing, tap = game("endless_mystery_path", max_steps=8)
    tap("right", up=False)
    turns(playing, 5)
    assert format_keys(playing.pressed) == "right*5"
    tap("right")
    turns(playing, 9)
    assert len(playing.pressed) == 8
    told = capsys.readouterr().out
    assert "seed 0: last reward" in told
    assert f"keys='{format_keys(playing.pressed)}'" in told
    tap("page up")
    turns(playing, 1)
    assert (playing.seed, playing.over) == (1, False)
    playing.window.close()


def test_tab_changes_the_view_and_escape_leaves(game: Any) -> None:
    playing, tap = game("mystery_path")
    views = []
    for _ in range(3):
        tap("tab")
        turns(playing, 1)
        views.append((playing.scene.view, playing.window._surface.get_size()))
    assert views == [("truth", (336, 336)), ("both", (676, 336)), ("agent", (336, 336))]
    tap("escape")
    playing.open = True
    playing.run()
    assert not playing.open
