"""The model: its size and its precision."""

import numpy as np
import pytest
import torch
from gymnasium import spaces

from memorl.agents import Actions, ActorCritic, Encoder, Stream, as_dict_space, collect
from memorl.agents.model import Share
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


def parameters_reached(model: ActorCritic, loss: torch.Tensor) -> set[str]:
    names = [name for name, _ in model.named_parameters()]
    gradients = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    return {name for name, gradient in zip(names, gradients, strict=True) if gradient is not None and gradient.any()}


@pytest.mark.parametrize("share", ["all", "encoder", "none"])
def test_the_policy_and_the_critic_share_what_is_named(share: Share) -> None:
    stream = Stream(RepeatPrevious(num_envs=4, k=1, length=5))
    model = make_model(stream, body_size=6, share=share)
    step = stream.reset(0)
    obs = {name: entry[None] for name, entry in step.obs.items()}
    (policy, value), _ = model(obs, model.memory.initial_state(4), step.first[None])
    of_policy = parameters_reached(model, policy.log_prob(policy.sample()).sum())
    of_value = parameters_reached(model, value.sum())
    shared = {"all": ("encoder.", "memory.", "body."), "encoder": ("encoder.",), "none": ()}[share]
    common = of_policy & of_value
    assert {name.split(".")[0] + "." for name in common} == set(shared)
    reached = {name.split(".")[0] for name in of_policy | of_value}
    assert reached == {name.split(".")[0] for name, _ in model.named_parameters()}


@pytest.mark.parametrize("share", ["encoder", "none"])
def test_a_policy_with_a_critic_apart_equals_the_same_policy_alone(share: Share) -> None:
    stream = Stream(RepeatPrevious(num_envs=4, k=1, length=5))
    alone = make_model(stream, body_size=6)
    model = make_model(stream, body_size=6, share=share)
    own = {name.replace("memory.", "memory.memories.0."): value for name, value in alone.state_dict().items()}
    model.load_state_dict(own, strict=False)
    stream.reset(0)
    torch.manual_seed(0)
    expected = collect(stream, alone, alone.memory.initial_state(4), 8, 4)
    stream.reset(0)
    torch.manual_seed(0)
    found = collect(stream, model, model.memory.initial_state(4), 8, 4)
    assert torch.equal(found.action, expected.action)
    torch.testing.assert_close(found.log_prob, expected.log_prob)
    batch = next(found.minibatches(1, found.reward[:-1]))
    (policy, value), _ = model(batch.obs, batch.state, batch.first)
    torch.testing.assert_close(policy.log_prob(batch.action), batch.log_prob)
    torch.testing.assert_close(value, batch.value[:-1])


def test_another_word_than_those_of_share_is_named() -> None:
    stream = Stream(RepeatPrevious(num_envs=4, k=1, length=5))
    with pytest.raises(ValueError, match="share is 'memory'; it must be one of all, encoder, none"):
        make_model(stream, share="memory")
