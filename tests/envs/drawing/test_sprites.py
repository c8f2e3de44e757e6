"""Our rasteriser draws what pygame draws."""

import os
from typing import Any

import numpy as np
import pytest

from memorl.envs.drawing.canvas import SIZE, Atlas, blit
from memorl.envs.drawing.character import SCALE, add_character
from memorl.envs.drawing.raster import disc, rotate
from memorl.envs.mortar_mayhem.arena import add_scenery

pygame: Any = pytest.importorskip("pygame")


@pytest.fixture(autouse=True)
def _headless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "SDL_VIDEODRIVER", "dummy")


def shown(surface: Any) -> np.ndarray:
    return pygame.surfarray.array3d(surface)[..., 0] > 0


@pytest.mark.parametrize("radius", range(1, 40))
def test_disc(radius: int) -> None:
    surface = pygame.Surface((2 * radius, 2 * radius), depth=32)
    pygame.draw.circle(surface, (255, 255, 255), (radius, radius), radius)
    assert np.array_equal(shown(surface), disc(radius))


@pytest.mark.parametrize("degrees", range(0, 360, 45))
@pytest.mark.parametrize("size", [21, 22, 30])
def test_rotation(degrees: int, size: int) -> None:
    shape = np.random.default_rng(degrees).random((size, size)) < 0.5
    surface = pygame.Surface((size, size), depth=32)
    pygame.surfarray.blit_array(surface, np.where(shape, 0xFFFFFF, 0))
    assert np.array_equal(shown(pygame.transform.rotate(surface, degrees)), rotate(shape, degrees))


def test_sprites_are_cut_at_the_edges_of_the_frame() -> None:
    """A sprite pushed over every edge leaves what a padded canvas would show."""
    atlas = Atlas()
    add_scenery(atlas)
    sprites, pad = atlas.sprites(), 100
    whole = np.zeros((SIZE, 3 * SIZE), np.uint8)
    blit(whole, sprites, 3, 30, 30)
    picture = whole.reshape(SIZE, SIZE, 3)
    for x in (-60, -20, 0, 60, 100):
        for y in (-60, -20, 0, 60, 100):
            padded = np.zeros((SIZE + 2 * pad, SIZE + 2 * pad, 3), np.uint8)
            padded[pad + x - 30 :, pad + y - 30 :][:SIZE, :SIZE] = picture
            frame = np.zeros((SIZE, 3 * SIZE), np.uint8)
            blit(frame, sprites, 3, x, y)
            assert np.array_equal(frame.reshape(SIZE, SIZE, 3), padded[pad:-pad, pad:-pad])


def test_the_figure_covers_as_many_pixels_as_the_original() -> None:
    """Cutting hand positions to whole pixels hides a few behind the body, at some angles more than at others."""
    atlas = Atlas()
    first = add_character(atlas, SCALE)
    covered = []
    for facing in range(8):
        frame = np.zeros((SIZE, 3 * SIZE), np.uint8)
        blit(frame, atlas.sprites(), first + facing, 42, 42)
        covered.append(int(frame.reshape(SIZE, SIZE, 3).any(-1).sum()))
    assert covered == [118, 117, 118, 112, 118, 108, 118, 112]
