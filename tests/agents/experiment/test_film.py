"""Videos: every picture is there, small ones are enlarged, and what cannot be filmed is refused before it begins."""

from pathlib import Path

import av
import numpy as np
import pytest

from memorl.agents.experiment import Film
from tests.support.runs import assert_refused, small
from tests.support.scripts import call


def pictures(file: Path) -> list[np.ndarray]:
    with av.open(str(file)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize(("ending", "off"), [("gif", 8), ("mp4", 24)])
@pytest.mark.parametrize(("height", "width", "times"), [(84, 84, 4), (31, 47, 10), (401, 333, 1)])
def test_a_film_holds_every_picture(
    height: int, width: int, times: int, ending: str, off: float, tmp_path: Path
) -> None:
    colours = np.array([[250, 10, 10], [10, 250, 10], [10, 10, 250], [128, 128, 128]], np.uint8)
    file = tmp_path / f"film.{ending}"
    with file.open("wb") as opened, Film(opened, file.suffix, 15) as film:
        for colour in colours:
            film.add(np.broadcast_to(colour, (height, width, 3)))
    found = pictures(file)
    assert len(found) == len(colours)
    large = (height * times, width * times)
    assert found[0].shape == (*(side + side % 2 * (ending == "mp4") for side in large), 3)
    for picture, colour in zip(found, colours, strict=True):
        assert np.abs(picture[: large[0], : large[1]].astype(float) - colour).mean() < off


def test_a_film_is_on_disk_before_it_ends(tmp_path: Path) -> None:
    """Pictures are not gathered in memory."""
    rng = np.random.default_rng(0)
    file = tmp_path / "film.gif"
    with file.open("wb") as opened, Film(opened, ".gif", 15) as film:
        for _ in range(20):
            film.add(rng.integers(0, 256, (320, 320, 3), np.uint8))
        assert file.stat().st_size > 100_000


def test_pictures_of_two_sizes_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "film.gif").open("wb") as file, Film(file, ".gif", 15) as film:
        film.add(np.zeros((30, 20, 3), np.uint8))
        with pytest.raises(ValueError, match=r"returns \[20, 30, 3\] after \[30, 20, 3\]; a video has one size"):
            film.add(np.zeros((20, 30, 3), np.uint8))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["video=true"], r"video cannot be made, the environment has no pictures: render_mode is 'rgb_array'; .*"),
        (["video=nowhere/film.mp4"], r"video is nowhere/film\.mp4; its folder must exist"),
        (["video=film.avi"], r"video is film\.avi; its ending must be one of \.gif, \.mp4"),
        (["video=film.mp4"], r"video cannot be made, the environment has no pictures: .*"),
        (["video=3"], r"video is 3; its ending must be one of \.gif, \.mp4"),
    ],
)
def test_a_video_without_pictures_is_refused_before_an_episode(arguments: list[str], says: str, finished: Path) -> None:
    assert_refused(call("evaluate.py", f"checkpoint={finished}", "levels=100000", *arguments), says)
    assert not (finished / "evaluation").exists()


def test_a_video_of_a_gymnasium_id_without_pictures_is_refused(tmp_path: Path) -> None:
    run = [argument for argument in small(f"run_dir={tmp_path / 'run'}") if not argument.startswith("env")]
    blind = ["env=gymnasium", "env.id=tests.support.broken_envs:Broken-v0", "env.kind=value", "env.steps=1000000"]
    done = call("train.py", *run, *blind, "total_steps=200")
    assert done.returncode == 0, done.stderr
    refused = call("evaluate.py", f"checkpoint={tmp_path / 'run'}", "video=true", "trust=true", "levels=100000")
    assert refused.returncode == 1
    assert "error: video cannot be made, the environment has no pictures: " in refused.stderr
    assert "Traceback" not in refused.stderr
