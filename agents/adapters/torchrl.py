"""Any memory as a module of TorchRL, in the place of its `LSTMModule` and `GRUModule`.

    module = MemoryModule(LRU(64, 128), in_key="features", out_key="embed")
    env = TransformedEnv(env, Compose(InitTracker(), module.make_tensordict_primer()))

Legend: B the batch, whatever its shape, T time, D input_size, H output_size, S numbers of the state of one sequence.

A collector calls it with one step a row, [B]. Inside of `torchrl.modules.set_recurrent_mode(True)`, where losses are
computed, it runs over sequences [B, T]: the state before them is that of their first step, and `is_init` resets it
inside of them. TorchRL cuts and pads sequences at every reset; here nothing is padded.
"""

from typing import Any, final

from torch import Tensor

from memorl.memory import AsGRU, Memory

try:
    from tensordict import TensorDictBase
    from tensordict.nn import TensorDictModuleBase
    from torchrl.data import Unbounded
    from torchrl.envs import TensorDictPrimer
    from torchrl.modules import recurrent_mode
except ImportError as error:
    raise ImportError(f"TorchRL is missing ({error}): pip install torchrl") from error


@final
class MemoryModule(TensorDictModuleBase):
    """A memory that reads and writes TensorDicts.

    Args:
        memory: Any memory.
        in_key: The entry of the features that go in, [B, D] or [B, T, D].
        out_key: The entry of the features that come out, with H in the place of D.
        state_key: The entry of the state, [B, S] or [B, T, S]; the next one is at ("next", state_key). Zeros are the
            initial state.
    """

    def __init__(
        self, memory: Memory, in_key: Any = "observation", out_key: Any = "embed", state_key: str = "memory_state"
    ) -> None:
        super().__init__()
        self.rnn = AsGRU(memory, batch_first=True)
        self.in_keys = [in_key, state_key, "is_init"]
        self.out_keys = [out_key, ("next", state_key)]

    def make_tensordict_primer(self) -> TensorDictPrimer:
        """Return the transform that puts the initial state into the first TensorDict of an episode."""
        return TensorDictPrimer({self.in_keys[1]: Unbounded(shape=(self.rnn.hidden_size,))}, expand_specs=True)

    def forward(self, tensordict: TensorDictBase) -> TensorDictBase:
        """Write the outputs and the next state into a TensorDict [B], or [B, T] in the recurrent mode.

        In the recurrent mode the next state is that after the last step; before that stand zeros, as in TorchRL.

        Raises:
            ValueError: If there is no dimension of time in the recurrent mode.
        """
        if recurrent_mode() and not tensordict.ndim:
            raise ValueError("tensordict has no dimensions; the last one must be time in the recurrent mode")
        in_key, state_key, first_key = self.in_keys
        shape = tensordict.shape if recurrent_mode() else (*tensordict.shape, 1)
        T = shape[-1]
        x = tensordict[in_key].reshape(-1, T, self.rnn.input_size)
        first = tensordict[first_key].reshape(-1, T)
        h = self._state(tensordict.get(state_key, None), x)
        y, h = self.rnn(x, h, first)
        following = h.new_zeros(len(x), T, self.rnn.hidden_size)
        following[:, -1] = h[0]
        tensordict.set(self.out_keys[0], y.reshape(*tensordict.shape, -1))
        tensordict.set(self.out_keys[1], following.reshape(*tensordict.shape, -1))
        return tensordict

    def _state(self, state: Tensor | None, x: Tensor) -> Tensor | None:
        """Return the state before the first step of each sequence, [1, B, S]."""
        if state is None:
            return None
        return state.reshape(*x.shape[:2], self.rnn.hidden_size)[None, :, 0]
