"""Any memory in the RecurrentPPO of sb3-contrib, as a policy.

    from sb3_contrib import RecurrentPPO
    from memorl.agents.adapters.sb3 import MemoryPolicy
    RecurrentPPO(MemoryPolicy, env, policy_kwargs=dict(memory="lru", memory_kwargs=dict(hidden_size=64)))

The memory stands where sb3-contrib has its LSTM, and its state is carried as h and c (`AsLSTM`), so that collecting,
`predict` with states, saving and loading are those of the library. Where an episode starts within a sequence
sb3-contrib runs its LSTM row by row; here the memory is told `episode_starts` and runs over the whole sequence at once.
sb3-contrib keeps the state of every step of a rollout: choose a short window for TrXL.
"""

from collections.abc import Callable, Mapping
from typing import Any, final

from gymnasium import spaces
from torch import Tensor, nn

from memorl.memory import AsLSTM, Memory, make

try:
    from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
    from stable_baselines3.common.preprocessing import is_image_space
    from stable_baselines3.common.torch_layers import CombinedExtractor, FlattenExtractor, NatureCNN
except ImportError as error:
    raise ImportError(f"sb3-contrib is missing ({error}): pip install sb3-contrib") from error


@final
class MemoryPolicy(RecurrentActorCriticPolicy):
    """A recurrent policy of sb3-contrib with a memory of memorl.

    Args:
        observation_space: The observation space of one environment.
        action_space: The action space of one environment.
        lr_schedule: The learning rate after a share of the training.
        memory: The name of a memory, as "lru" or "diagonal_gru", or a function that makes one of an input size.
        memory_kwargs: Arguments of a memory that is named.
        kwargs: Arguments of sb3-contrib's policy, `shared_lstm` and `enable_critic_lstm` among them, but those of the
            size of its LSTM. By default the features extractor is chosen by the observations.

    Raises:
        ValueError: If the memory is unknown, or an argument is one of the LSTM's size.
    """

    def __init__(
        self, observation_space: spaces.Space, action_space: spaces.Space, lr_schedule: Callable[[float], float],
        memory: str | Callable[..., Memory] = "gru", memory_kwargs: Mapping[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        for name in ("lstm_hidden_size", "n_lstm_layers", "lstm_kwargs"):
            if name in kwargs:
                raise ValueError(f"{name} is {kwargs[name]!r}; a memory takes its sizes from memory_kwargs")
        self.memory = memory
        self.memory_kwargs = dict(memory_kwargs or {})
        if "features_extractor_class" not in kwargs:
            kwargs["features_extractor_class"] = _choose_extractor(observation_space)
        super().__init__(observation_space, action_space, lr_schedule, lstm_hidden_size=1, **kwargs)
        self.lstm_actor = AsLSTM(self._make_memory())
        if self.enable_critic_lstm:
            self.lstm_critic = AsLSTM(self._make_memory())
        elif not self.shared_lstm:
            self.critic = nn.Linear(self.features_dim, self.lstm_output_dim)
        self.lstm_hidden_state_shape = (1, 1, self.lstm_actor.hidden_size)
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)

    def _make_memory(self) -> Memory:
        if isinstance(self.memory, str):
            return make(self.memory, self.features_dim, **self.memory_kwargs)
        return self.memory(self.features_dim, **self.memory_kwargs)

    def _build_mlp_extractor(self) -> None:
        self.lstm_output_dim = self._make_memory().output_size
        super()._build_mlp_extractor()

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return super()._get_constructor_parameters() | {
            "memory": self.memory,
            "memory_kwargs": self.memory_kwargs,
            "shared_lstm": self.shared_lstm,
            "enable_critic_lstm": self.enable_critic_lstm,
        }

    @staticmethod
    def _process_sequence(
        features: Tensor, lstm_states: tuple[Tensor, Tensor], episode_starts: Tensor, lstm: AsLSTM
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Run a memory over sequences that lie one after the other, features [B * T, D]; return outputs [B * T, H]."""
        B = lstm_states[0].shape[1]
        x = features.unflatten(0, (B, -1)).transpose(0, 1)
        first = episode_starts.reshape(B, -1).T > 0.5
        y, lstm_states = lstm(x, lstm_states, first)
        return y.transpose(0, 1).flatten(0, 1), lstm_states


def _choose_extractor(space: spaces.Space) -> type[nn.Module]:
    """Return sb3's features extractor for observations of a space."""
    if isinstance(space, spaces.Dict):
        return CombinedExtractor
    return NatureCNN if is_image_space(space) else FlattenExtractor
