"""Memories as modules of TorchRL, against the memories themselves and TorchRL's own GRUModule."""

from typing import Any

import pytest
import torch
from torch import nn

pytest.importorskip("torchrl")

from tensordict import TensorDict
from tensordict.nn import TensorDictModule, TensorDictSequential
from torchrl.collectors import Collector
from torchrl.envs import Compose, GymEnv, InitTracker, SerialEnv, TransformedEnv
from torchrl.envs.utils import check_env_specs
from torchrl.modules import GRUModule, ProbabilisticActor, ValueOperator, set_recurrent_mode
from torchrl.modules.utils import get_primers_from_module
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE

import memorl.envs  # noqa: F401, registers the ids
from memorl.agents.adapters.torchrl import MemoryModule
from memorl.memory import GRU
from tests.support.memories import WRAPPED, make_memory, names

T = 9
B = 4
D = 3


def inputs(*shape: int) -> TensorDict:
    first = torch.rand(*shape, 1) < 0.2
    return TensorDict({"observation": torch.randn(*shape, D), "is_init": first}, batch_size=shape)


@pytest.mark.parametrize("name", [*names(), *WRAPPED])
def test_steps_and_sequences_are_those_of_the_memory(name: str) -> None:
    memory = make_memory(name, D)
    module = MemoryModule(memory)
    whole = inputs(B, T)
    expected, _ = memory(whole["observation"].transpose(0, 1), None, whole["is_init"][..., 0].T)
    with set_recurrent_mode(True):
        found = module(whole.clone())
    torch.testing.assert_close(found["embed"].transpose(0, 1), expected, rtol=1e-4, atol=1e-5)
    state = torch.zeros(B, module.rnn.hidden_size)
    for t in range(T):
        step = whole[:, t].clone().set("memory_state", state)
        module(step)
        torch.testing.assert_close(step["embed"], expected[t], rtol=1e-4, atol=1e-5)
        state = step["next", "memory_state"]
    torch.testing.assert_close(found["next", "memory_state"][:, -1], state, rtol=1e-4, atol=1e-5)


def test_a_sequence_goes_on_from_the_state_of_its_first_step() -> None:
    module = MemoryModule(make_memory("lru", D))
    whole = inputs(B, T)
    with set_recurrent_mode(True):
        expected = module(whole.clone())
        before = module(whole[:, :4].clone())
        state = torch.full((B, T - 4, module.rnn.hidden_size), torch.nan)
        state[:, 0] = before["next", "memory_state"][:, -1]
        after = module(whole[:, 4:].clone().set("memory_state", state))
    torch.testing.assert_close(after["embed"], expected["embed"][:, 4:])


@pytest.mark.parametrize("shape", [(), (2,), (2, 3)])
@pytest.mark.parametrize("recurrent", [False, True])
def test_any_shape_of_the_batch(shape: tuple[int, ...], recurrent: bool) -> None:
    module = MemoryModule(GRU(D, 5), out_key=("deep", "embed"))
    data = inputs(*shape, T) if recurrent else inputs(*shape)
    with set_recurrent_mode(recurrent):
        module(data)
    assert data["deep", "embed"].shape == (*data.shape, 5)
    assert data["next", "memory_state"].shape == (*data.shape, 5)


def test_time_is_asked_for_in_the_recurrent_mode() -> None:
    module = MemoryModule(GRU(D, 5))
    with (
        set_recurrent_mode(True),
        pytest.raises(ValueError, match="tensordict has no dimensions; the last one must be"),
    ):
        module(inputs())


def test_it_equals_the_gru_of_torchrl() -> None:
    theirs = GRUModule(D, 5, in_key="observation", out_key="embed")
    memory = GRU(D, 5)
    memory.load_state_dict(theirs.gru.state_dict())
    data = inputs(B, T)
    with set_recurrent_mode(True):
        expected = theirs(data.clone())["embed"]
        found = MemoryModule(memory)(data.clone())["embed"]
    torch.testing.assert_close(found, expected)


def build(name: str) -> tuple[Any, Any, Any, MemoryModule]:
    """Return an environment, an actor and a critic around one memory."""
    module = MemoryModule(make_memory(name, 4))
    single = [lambda: GymEnv("memorl/RepeatPrevious-v0", k=1, length=7)] * 3
    env = TransformedEnv(SerialEnv(3, single), Compose(InitTracker(), module.make_tensordict_primer()))
    size = module.rnn.output_size
    logits = TensorDictModule(nn.Linear(size, 4), ["embed"], ["logits"])
    actor = ProbabilisticActor(
        TensorDictSequential(module, logits),
        ["logits"],
        spec=env.full_action_spec_unbatched,
        distribution_class=torch.distributions.OneHotCategorical,
        return_log_prob=True,
    )
    critic = TensorDictSequential(module, ValueOperator(nn.Linear(size, 1), in_keys=["embed"]))
    return env, actor, critic, module


@pytest.mark.parametrize("name", ["gru", "lru[rtrl]", "hippo", "trxl", "from_cell"])
def test_a_collector_and_a_loss_agree(name: str) -> None:
    """The log-probabilities of a rollout come out again where the loss runs over its sequences."""
    env, actor, critic, module = build(name)
    check_env_specs(env)
    assert get_primers_from_module(actor) is not None
    loss = ClipPPOLoss(actor, critic)
    advantage = GAE(gamma=0.9, lmbda=0.9, value_network=critic, shifted=True)
    for data in Collector(env, actor, frames_per_batch=60, total_frames=120):
        assert data.shape == (3, 20)
        with set_recurrent_mode(True):
            found = actor.get_dist(data.clone()).log_prob(data["action"])
            torch.testing.assert_close(found, data["action_log_prob"], rtol=1e-4, atol=1e-5)
            advantage(data)
            terms = loss(data)
        (terms["loss_objective"] + terms["loss_critic"]).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters() if p.requires_grad)
