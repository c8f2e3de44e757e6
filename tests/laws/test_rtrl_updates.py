"""Law of memories with credit=rtrl: an update has the gradient of the whole history."""

import copy

import pytest
import torch
from torch import Tensor

from memorl.agents import A2C, Stream, collect, gae
from memorl.envs import DelayedCue
from tests.support.agents import make_model
from tests.support.memories import names


def gradients(model: torch.nn.Module, loss: Tensor) -> dict[str, Tensor]:
    """Of every parameter that the loss depends on."""
    parameters = dict(model.named_parameters())
    found = torch.autograd.grad(loss, [*parameters.values()], retain_graph=True, allow_unused=True)
    return {key: grad for key, grad in zip(parameters, found, strict=True) if grad is not None}


@pytest.mark.parametrize("name", [name for name in names() if "rtrl" in name])
@pytest.mark.usefixtures("float64")
def test_an_update_of_r2ac_has_the_gradient_of_the_whole_history(name: str) -> None:
    """While the weights stand still: rollouts of 4 rows, episodes of 7 to 12, and the loss of every one in turn."""
    stream = Stream(DelayedCue(num_envs=5, delay=[5, 10]), last_reward=True)
    model = make_model(stream, name)
    plain = copy.deepcopy(model)
    plain.memory.credit = "bptt"  # type: ignore[assignment]
    agent = A2C(model, returns="vtrace", reduction="sum", gamma=0.9)
    stream.reset(0)
    state = model.memory.initial_state(5)
    rollouts = []
    for _ in range(8):
        rollouts.append(collect(stream, model, state, 4))
        state = rollouts[-1].state
    obs = {key: torch.cat([r.obs[key][:-1] for r in rollouts]) for key in rollouts[0].obs}
    first = torch.cat([r.first[:-1] for r in rollouts])
    (policy, value), _ = plain(obs, plain.memory.initial_state(5), first)
    values = value.split(4)
    entropy = policy.entropy().split(4)
    log_prob = policy.log_prob(torch.cat([r.action for r in rollouts])).sum(-1).split(4)
    missed = 0.0
    past = plain.memory.initial_state(5)
    for k, (rollout, v) in enumerate(zip(rollouts, values, strict=True)):
        advantage = gae(rollout.reward, rollout.value, rollout.last, rollout.terminal, 0.9, 1.0)
        (batch,) = rollout.minibatches(1, advantage)
        terms = 0.25 * (v - advantage - rollout.value[:-1]) ** 2 - log_prob[k] * advantage - 0.01 * entropy[k]
        exact = gradients(plain, terms[~rollout.last[:-1]].sum())
        for key, grad in gradients(model, agent.loss(batch)[0]).items():
            if not key.startswith("encoder"):
                torch.testing.assert_close(grad, exact[key], rtol=1e-4, atol=1e-6, msg=lambda m, k=key: f"{k}: {m}")
        rows = {key: part[:-1] for key, part in rollout.obs.items()}
        (_, v), past = plain(rows, {key: part.detach() for key, part in past.items()}, rollout.first[:-1])
        for key, grad in gradients(plain.memory, v.sum()).items():
            whole = gradients(plain.memory, values[k].sum())[key]
            missed = max(missed, float((grad - whole).norm() / whole.norm()))
    assert missed > 0.1, "a test too easy"
