"""Encoders take every supported observation."""

import numpy as np
import pytest
import torch
from gymnasium import spaces

from memorl.agents import Encoder, as_dict_space
from memorl.agents.layouts import guess_layout

BYTES = {"low": 0, "high": 255, "dtype": np.uint8}


def test_unknown_spaces_are_named() -> None:
    with pytest.raises(ValueError, match=r"observation_space\['a'\] is Text.*; it must be Box"):
        Encoder(spaces.Dict({"a": spaces.Text(3)}))


@pytest.mark.parametrize(
    ("space", "layout"),
    [
        (spaces.Box(shape=(64, 64, 3), **BYTES), "hwc"),
        (spaces.Box(shape=(3, 64, 64), **BYTES), "chw"),
        (spaces.Box(shape=(4, 84, 84), **BYTES), "chw"),
        (spaces.Box(shape=(84, 84), **BYTES), "hw"),
        (spaces.Box(shape=(4, 64, 64, 3), **BYTES), "fhwc"),
        (spaces.Box(shape=(4, 3, 64, 64), **BYTES), "fchw"),
        (spaces.Box(shape=(84, 84, 3, 4), **BYTES), "hwcf"),
        (spaces.Box(shape=(84, 84, 1, 4), **BYTES), "hwcf"),
        (spaces.Box(shape=(84, 84, 4, 3), **BYTES), "hwfc"),
        (spaces.Box(shape=(84, 84, 4, 1), **BYTES), "hwfc"),
        (spaces.Box(shape=(210, 160, 3, 2), **BYTES), "hwcf"),
        (spaces.Box(shape=(160, 210, 3, 3), **BYTES), "hwcf"),
        (spaces.Box(0, 1, (7, 7, 3, 2)), "hwcf"),
        (spaces.Box(shape=(2, 2, 1, 1), **BYTES), "vector"),
        (spaces.Box(shape=(4, 210, 160, 3), **BYTES), "fhwc"),
        (spaces.Box(shape=(4, 3, 210, 160), **BYTES), "fchw"),
        (spaces.Box(shape=(32, 20, 20, 3), **BYTES), "fhwc"),
        (spaces.Box(shape=(64, 7, 7, 3), **BYTES), "fhwc"),
        (spaces.Box(shape=(7, 7, 3), **BYTES), "hwc"),
        (spaces.Box(shape=(3, 3, 3), **BYTES), "hwc"),
        (spaces.Box(shape=(7, 7, 20), **BYTES), "hwc"),
        (spaces.Box(shape=(20, 7, 7), **BYTES), "chw"),
        (spaces.Box(0, 65535, (64, 64, 1), np.uint16), "hwc"),
        (spaces.Box(-1, 18, (19, 19, 3), np.int64), "hwc"),
        (spaces.Box(-5, 5, (19, 19, 3), np.int64), "vector"),
        (spaces.Box(0, 1, (64, 48, 3)), "hwc"),
        (spaces.Box(0, 255, (64, 48, 3)), "hwc"),
        (spaces.Box(0, 1, (10, 10, 4), np.bool_), "hwc"),
        (spaces.MultiBinary((10, 10, 4)), "hwc"),
        (spaces.Box(shape=(128,), **BYTES), "vector"),
        (spaces.Box(shape=(9, 9), **BYTES), "vector"),
        (spaces.Box(-1, 1, (64, 64, 3)), "hwc"),
        (spaces.Box(-1, 1, (3, 64, 64)), "chw"),
        (spaces.Box(-1, 1, (64, 64)), "vector"),
        (spaces.Box(-1, 1, ()), "vector"),
    ],
    ids=str,
)
def test_images_of_every_layout_are_found_and_scaled(space: spaces.Box, layout: str) -> None:
    assert guess_layout(space) == layout
    entries = as_dict_space(space)
    encoder = Encoder(entries)
    x = encoder({"observation": torch.as_tensor(np.stack([space.sample() for _ in range(64)]))})
    may_be_codes = len(space.shape) > 1 and sorted(space.shape)[-2] <= 15
    assert 0.05 < x.pow(2).mean().sqrt() < (20 if may_be_codes else 1.5)


def test_layouts_of_the_same_image_have_the_same_features() -> None:
    image = torch.randint(256, (2, 3, 40, 44, 2), dtype=torch.uint8)  # B, f, h, w, c
    same = {
        "fhwc": image,
        "fchw": image.permute(0, 1, 4, 2, 3),
        "cfhw": image.permute(0, 4, 1, 2, 3),
        "hwcf": image.permute(0, 2, 3, 4, 1),
        "hwfc": image.permute(0, 2, 3, 1, 4),
        "hwc": image.permute(0, 2, 3, 1, 4).flatten(3),
        "hwf": image.permute(0, 2, 3, 1, 4).flatten(3),
        "fhw": image.permute(0, 1, 4, 2, 3).flatten(1, 2),
        "chw": image.permute(0, 1, 4, 2, 3).flatten(1, 2),
    }
    features = []
    for layout, images in same.items():
        torch.manual_seed(0)
        space = as_dict_space(spaces.Box(shape=tuple(images.shape[1:]), **BYTES))
        encoder = Encoder(space, 16, layouts={"observation": layout})
        features.append(encoder({"observation": images}))
    for other in features[1:]:
        torch.testing.assert_close(features[0], other)


def test_layouts_that_do_not_fit_are_named() -> None:
    space = as_dict_space(spaces.Box(shape=(40, 40, 3), **BYTES))
    with pytest.raises(ValueError, match=r"encoder\.layouts has 'x'; known entries are observation"):
        Encoder(space, layouts={"x": "hwc"})
    with pytest.raises(ValueError, match=r"encoder\.layouts\['observation'\] is 'whc'; it must be one of hwc, chw"):
        Encoder(space, layouts={"observation": "whc"})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match=r"encoder\.layouts\['observation'\] is 'hw'; .* \(40, 40, 3\)"):
        Encoder(space, layouts={"observation": "hw"})


@pytest.mark.parametrize(
    "space",
    [
        spaces.Box(0, 255, (84, 84, 3), np.uint8),
        spaces.Box(0, 255, (36, 40, 1), np.uint8),
        spaces.Box(0, 255, (20, 84, 3), np.uint8),
        spaces.Box(-1, 1, (), np.float32),
        spaces.Box(-1, 1, (2, 3), np.float32),
        spaces.Discrete(3, start=2),
        spaces.MultiDiscrete([2, 5], start=[1, 0]),
        spaces.MultiBinary(4),
        spaces.Dict({"look": spaces.Box(0, 255, (84, 84, 3), np.uint8), "n": spaces.Discrete(2)}),
    ],
)
def test_every_observation_is_encoded(space: spaces.Space) -> None:
    entries = as_dict_space(space)
    encoder = Encoder(entries, 16, 8)
    samples = [entries.sample() for _ in range(3)]
    x = encoder({name: torch.as_tensor(np.stack([s[name] for s in samples])) for name in entries})
    assert x.shape == (3, 16)
    x.sum().backward()
    assert all(p.grad is not None for p in encoder.parameters())
