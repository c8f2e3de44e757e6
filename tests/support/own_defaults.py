"""A memory, an agent and an environment whose constructors have defaults that yaml has not."""

import enum
from collections.abc import Callable
from pathlib import Path

import gymnasium
import torch
from gymnasium.vector import SyncVectorEnv
from torch import Tensor, nn

from memorl.agents import PPO, ActorCritic
from memorl.memory import Memory


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


class Odd(Memory):
    """The input, projected; the constructor says if it was called with other types than it asks for."""

    def __init__(
        self,
        input_size: int,
        sizes: tuple[int, ...] = (3, 4),
        pairs=((1, 2), (3, 4)),  # type: ignore[no-untyped-def]
        named={"a": (1, 2)},  # type: ignore[no-untyped-def] # noqa: B006
        mode: Mode = Mode.FAST,
        path: Path = Path("here"),
        act: Callable[[Tensor], Tensor] = torch.tanh,
        layer: type[nn.Module] = nn.Linear,
        kinds: frozenset[str] = frozenset({"x"}),
        table: Tensor = torch.zeros(2),  # noqa: B008
    ) -> None:
        super().__init__(input_size, 8)
        assert isinstance(sizes, tuple)
        assert isinstance(pairs[0], tuple)
        assert isinstance(named["a"], tuple)
        assert isinstance(mode, Mode)
        assert isinstance(path, Path)
        assert isinstance(kinds, frozenset)
        assert isinstance(table, Tensor)
        self.sizes = sizes
        self.mode = mode
        self.layer = layer(input_size, 8)
        self.act = act

    def initial_state(self, batch_size: int) -> dict[str, Tensor]:
        return {}

    def forward(self, x: Tensor, state: dict[str, Tensor] | None = None, first: Tensor | None = None):  # type: ignore[no-untyped-def]
        return self.act(self.layer(x)), {}


class Betas(PPO):
    def __init__(self, model: ActorCritic, *, betas: tuple[float, float] = (0.9, 0.999), anneal_steps: int = 1) -> None:
        super().__init__(model, anneal_steps=anneal_steps, minibatches=1)
        assert isinstance(betas, tuple)


class Poles(SyncVectorEnv):
    def __init__(self, num_envs: int, size: tuple[int, int] = (1, 2)) -> None:
        assert isinstance(size, tuple)
        super().__init__([lambda: gymnasium.make("CartPole-v1")] * num_envs)
