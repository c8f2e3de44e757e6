"""The model: its size and its precision."""

import numpy as np
import pytest
import torch
from gymnasium import spaces

from memorl.agents import Actions, ActorCritic, Encoder, Stream, as_dict_space
from memorl.envs import RepeatPrevious
from tests.support.agents import make_model
from tests.support.memories import make_memory


def test_bfloat16_keeps_states_and_outputs_in_float32() -> None:
    stream = Stream(RepeatPrevious(num_envs=4, k=1, length=5))
    model = make_model(stream, precision="bfloat16")
    step = stream.reset(0)
    obs = {name: entry[None] for name, entry in step.obs.items()}
    (policy, value), state = model(obs, model.memory.initial_state(4), step.first[None])
    assert value.dtype == state["h"].dtype == policy.log_prob(policy.sample()).dtype == torch.float32
    exact = make_model(stream)
    exact.load_state_dict(model.state_dict())
    expected, _ = exact(obs, exact.memory.initial_state(4), step.first[None])
    torch.testing.assert_close(expected.value, value, atol=0.05, rtol=0.05)
    with pytest.raises(ValueError, match="precision is 'half'; it must be one of float32, bfloat16"):
        make_model(stream, precision="half")


def test_the_model_of_the_paper_has_its_size() -> None:
    """CNN, 3136 -> 512, GRU 512, body 512, two branches of 512 and heads of 3 + 3: about 4.05 M parameters."""
    actions = Actions(spaces.MultiDiscrete([3, 3]))
    encoder = Encoder(as_dict_space(spaces.Box(0, 255, (84, 84, 3), np.uint8)))
    model = ActorCritic(encoder, make_memory("gru", 512, hidden_size=512), actions)
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(4.05e6, rel=0.01)
