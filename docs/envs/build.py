"""Write the pages of this folder from the docstrings of the environments, and draw their pictures.

python docs/envs/build.py
"""

import inspect
from collections.abc import Callable
from pathlib import Path

import numpy as np
from gymnasium.vector import VectorEnv
from hydra.utils import get_class
from omegaconf import OmegaConf

from memorl.envs import (
    BatchedEnv,
    BsuiteMemory,
    CartPoleNoVel,
    Copy,
    DelayedCue,
    DelayedMatchToSample,
    FromGymnasium,
    Gymnax,
    MiniGrid,
    MortarMayhem,
    MysteryPath,
    NParity,
    PendulumNoVel,
    POBAXBattleship,
    POBAXRockSample,
    POBAXTMaze,
    POPGym,
    ProofOfMemory,
    RepeatFirst,
    RepeatPrevious,
    SearingSpotlights,
    TMaze,
)

SIZE = 84
HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / "configs" / "env"
PAGES: dict[str, tuple[type[VectorEnv], str]] = {
    "bsuite_memory": (BsuiteMemory, ""),
    "cartpole_no_vel": (CartPoleNoVel, ""),
    "copy": (Copy, ""),
    "delayed_cue": (DelayedCue, ""),
    "delayed_match_to_sample": (DelayedMatchToSample, ""),
    "gymnasium": (FromGymnasium, ""),
    "gymnax": (Gymnax, ""),
    "minigrid": (MiniGrid, ""),
    "mortar_mayhem": (
        MortarMayhem,
        "![The first two commands, on the way, and the explosion](mortar_mayhem.png)\n\n"
        "*The agent's view: the first two commands (right, down), the figure on its way, and the explosion that "
        "judges the first command: only the blue tile is safe. Below, the ground truth: a ring where to be "
        "next.*\n\n",
    ),
    "mystery_path": (
        MysteryPath,
        "![The start, on the way, a fall, and the endless path](mystery_path.png)\n\n"
        "*The agent's view: on the first tile, on the way along the invisible path, just fallen off it, and on the "
        "endless path with some of the tiles behind the figure. Below, the ground truth: the path from blue to "
        "green, and the walls it was laid around.*\n\n",
    ),
    "n_parity": (NParity, ""),
    "pendulum_no_vel": (PendulumNoVel, ""),
    "pobax_battleship": (POBAXBattleship, ""),
    "pobax_rock_sample": (POBAXRockSample, ""),
    "pobax_t_maze": (POBAXTMaze, ""),
    "popgym": (POPGym, ""),
    **{path.stem: (get_class(OmegaConf.load(path)._target_), "") for path in sorted(CONFIGS.glob("popgym_*.yaml"))},
    "proof_of_memory": (ProofOfMemory, ""),
    "repeat_first": (RepeatFirst, ""),
    "repeat_previous": (RepeatPrevious, ""),
    "searing_spotlights": (
        SearingSpotlights,
        "![The first picture, the light going out, darkness, and a hit](searing_spotlights.png)\n\n"
        "*The agent's view: figure, coin and closed exit in the first picture, the light going out, darkness with "
        "spotlights, and a step in which one of them reaches the figure, which costs health. Below, the ground "
        "truth.*\n\n",
    ),
    "t_maze": (TMaze, ""),
}


NAMES = {
    "Bsuite": "bsuite",
    "Cartpole": "CartPole",
    "Minesweeper": "Mine Sweeper",
    "Minigrid": "MiniGrid",
    "Pobax": "POBAX",
    "Popgym": "POPGym",
}
"""Words of titles that are not written as in the names of the pages."""


def page(name: str) -> str:
    """The text of a page: its title, picture and docstring."""
    env, picture = PAGES[name]
    files = sorted(CONFIGS.glob("*.yaml"))
    configs = [path.stem for path in files if path.read_text().startswith(f"_target_: memorl.envs.{env.__name__}\n")]
    commands = "\n".join(f"    python train.py env={config}" for config in configs)
    title, _, text = inspect.cleandoc(env.__doc__ or "").partition("\n\n")
    words = [NAMES.get(word, word) for word in name.title().split("_")]
    return f"# {' '.join(words).replace('T Maze', 'T-Maze')}\n\n{title}\n\n{picture}{commands}\n\n{text}\n"


def look(env: BatchedEnv) -> np.ndarray:
    """The picture of the first env, three times as large, with a white margin on the right."""
    picture = (env.render() or ())[0]
    picture = picture[:: len(picture) // SIZE, :: len(picture) // SIZE]
    return np.pad(picture.repeat(3, 0).repeat(3, 1), ((0, 0), (0, 6), (0, 0)), constant_values=255)


def strip(env: BatchedEnv, moments: list[int], action: Callable[[int], list[int]]) -> np.ndarray:
    """Some moments of an episode side by side, three times as large."""
    frames = []
    for t in range(moments[-1] + 1):
        if t in moments:
            frames.append(look(env))
        env.step(np.array([action(t)]))
    return np.concatenate(frames, axis=1)[:, :-6]


def mortar_mayhem(mode: str) -> np.ndarray:
    """Four moments of an episode whose first command is right."""
    env = MortarMayhem(render_mode=mode)
    env.reset(seed=34)
    return strip(env, [0, 4, 39 + 4, 39 + 19], lambda t: [2 if 39 <= t < 39 + 5 else 0, 0])


def searing_spotlights(mode: str) -> np.ndarray:
    """The start of an episode in which the figure stays where it is, and its first hit."""
    env = SearingSpotlights(render_mode=mode)
    env.reset(seed=35)
    return strip(env, [0, 3, 30, 70], lambda t: [0, 0])


def mystery_path(mode: str) -> np.ndarray:
    """Three moments on a path that begins to the right, and one on the endless path, where the infos tell the way."""
    env = MysteryPath(render_mode=mode)
    env.reset(seed=14)
    frames = [look(env)]
    for right, up in ((12, 0), (0, 3)):
        for _ in range(right + up):
            env.step(np.array([[2, 0] if right else [0, 1]]))
        frames.append(look(env))
    env = MysteryPath(endless=True, render_mode=mode)
    _, infos = env.reset(seed=9)
    for _ in range(47):
        infos = env.step(1 + infos["ground_truth"].argmax(1))[-1]
    return np.concatenate([*frames, look(env)], axis=1)[:, :-6]


if __name__ == "__main__":
    import imageio.v3 as imageio

    for name in PAGES:
        (HERE / f"{name}.md").write_text(page(name))
    for draw in (mortar_mayhem, mystery_path, searing_spotlights):
        seen, hidden = draw("rgb_array"), draw("debug_rgb_array")
        margin = np.full((6, *seen.shape[1:]), 255, np.uint8)
        imageio.imwrite(HERE / f"{draw.__name__}.png", np.concatenate([seen, margin, hidden]))
