"""POPGym's environments, where POPGym is installed."""

from typing import Any, Literal, final

import gymnasium
from gymnasium.vector import VectorWrapper

from memorl.envs.engine.names import unknown_name

from .from_gymnasium import make_batch


@final
class POPGym(VectorWrapper):
    """Any environment of POPGym, by its id; its tasks without labyrinths are native batches as well, and faster.

    ## Task
    `env.id=RepeatPreviousEasy` or, in full, `env.id=popgym-RepeatPreviousEasy-v0`; Easy, Medium or Hard of Autoencode,
    Battleship, Concentration, CountRecall, HigherLower, LabyrinthEscape, LabyrinthExplore, MineSweeper,
    MultiarmedBandit, NoisyPositionOnlyCartPole, NoisyPositionOnlyPendulum, PositionOnlyCartPole,
    PositionOnlyPendulum, RepeatFirst, RepeatPrevious, VelocityOnlyCartPole.

    ## Actions
    Discrete, MultiDiscrete or Box.

    ## Observations
    POPGym's, but a tuple becomes a dictionary of its parts, "0", "1" and so on. Some tasks need the last action as well
    (their `obs_requires_prev_action`): `last_action=true`.

    ## Rewards
    POPGym's; the return of an episode is between -1 and 1.

    ## Start
    As POPGym's `reset`: env i of `seed=s` is seeded with s + i.

    ## End
    When it is terminated (for good) or truncated (a time limit).

    ## Arguments
    `id`; `num_envs`; `vectorization_mode`: "sync" steps one after the other, "async" gives each a process. All other
    arguments are the environment's.

    ## Source
    Morad et al., POPGym: Benchmarking Partially Observable Reinforcement Learning (ICLR 2023);
    https://github.com/proroklab/popgym. `pip install popgym` brings it; the two labyrinths also need its own extra,
    `pip install 'popgym[navigation]'`.

    ## Differences
    Next-step autoreset, and the names of a tuple's parts. The state cannot be saved: a resumed run begins new episodes.
    """

    def __init__(
        self, id: str, *, num_envs: int = 1, vectorization_mode: Literal["sync", "async"] = "sync", **arguments: Any
    ) -> None:
        try:
            import popgym  # noqa: F401
        except ImportError as error:
            raise ValueError(f"env=popgym needs POPGym ({error}): pip install popgym") from error
        full = id if id.startswith("popgym-") else f"popgym-{id}"
        full = full if full in gymnasium.registry else f"{full}-v0"
        if full not in gymnasium.registry:
            known = [name[len("popgym-") : -len("-v0")] for name in gymnasium.registry if name.startswith("popgym-")]
            raise unknown_name("env.id", id, known)
        super().__init__(make_batch(full, num_envs, vectorization_mode, **arguments))
