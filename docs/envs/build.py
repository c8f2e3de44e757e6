"""Write the pages of this folder from the docstrings of the environments, and draw their pictures.

python docs/envs/build.py
"""

import inspect
from pathlib import Path

import numpy as np

from memorl.envs import BatchedEnv, MortarMayhem, RepeatPrevious

HERE = Path(__file__).parent
PAGES: dict[str, tuple[type[BatchedEnv], str]] = {
    "mortar_mayhem": (
        MortarMayhem,
        "![The first two commands, on the way, and the explosion](mortar_mayhem.png)\n\n"
        "*The agent's view: the first two commands (right, down), the figure on its way, and the explosion that "
        "judges the first command: only the blue tile is safe.*\n\n",
    ),
    "repeat_previous": (RepeatPrevious, ""),
}


def page(name: str) -> str:
    """The text of a page: its title, picture and docstring."""
    env, picture = PAGES[name]
    folder = HERE.parents[1] / "configs" / "env"
    configs = [path.stem for start in (name, f"endless_{name}") for path in sorted(folder.glob(f"{start}*.yaml"))]
    commands = "\n".join(f"    python train.py env={config}" for config in configs)
    title, _, text = inspect.cleandoc(env.__doc__ or "").partition("\n\n")
    return f"# {name.replace('_', ' ').title()}\n\n{title}\n\n{picture}{commands}\n\n{text}\n"


def mortar_mayhem() -> np.ndarray:
    """Four moments of an episode whose first command is right, side by side, three times as large."""
    env = MortarMayhem(render_mode="rgb_array")
    env.reset(seed=34)
    frames = []
    for t in range(39 + 19 + 1):
        if t in (0, 4, 39 + 4, 39 + 19):
            (picture,) = env.render() or ()
            frames.append(np.pad(picture.repeat(3, 0).repeat(3, 1), ((0, 0), (0, 6), (0, 0)), constant_values=255))
        env.step(np.array([[2 if 39 <= t < 39 + 5 else 0, 0]]))
    return np.concatenate(frames, axis=1)[:, :-6]


if __name__ == "__main__":
    import imageio.v3 as imageio

    for name in PAGES:
        (HERE / f"{name}.md").write_text(page(name))
    imageio.imwrite(HERE / "mortar_mayhem.png", mortar_mayhem())
