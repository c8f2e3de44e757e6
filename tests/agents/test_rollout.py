"""Rollouts: what is collected, and how it is split into minibatches."""

import pytest
import torch

from memorl.agents import Stream, collect, gae
from memorl.envs import RepeatPrevious
from tests.support.agents import counters, make_model


def test_a_time_limit_is_bootstrapped_with_the_state_of_its_episode() -> None:
    """The value at a `last` row is that of the un-reset memory, and an end for good is worth nothing."""
    stream = Stream(counters())
    model = make_model(stream)
    stream.reset(0)
    rollout = collect(stream, model, model.memory.initial_state(2), 7)
    out, _ = model(
        {name: entry[:3, 1:] for name, entry in rollout.obs.items()},
        model.memory.initial_state(1),
        rollout.first[:3, 1:],
    )
    assert rollout.last[2, 1]
    torch.testing.assert_close(out.value[2, 0], rollout.value[2, 1])
    advantage = gae(rollout.reward, rollout.value, rollout.last, rollout.terminal, 0.9, 0.0)
    torch.testing.assert_close(advantage[1, 1], 2 + 0.9 * rollout.value[2, 1] - rollout.value[1, 1])
    torch.testing.assert_close(advantage[2, 0], 3 - rollout.value[2, 0])


def test_minibatches_deal_out_every_row_once() -> None:
    stream = Stream(RepeatPrevious(num_envs=5, k=1, length=4))
    model = make_model(stream)
    stream.reset(0)
    rollout = collect(stream, model, model.memory.initial_state(5), 12, 4)
    rollout.value[:-1] = torch.arange(60.0).view(12, 5)
    batches = list(rollout.minibatches(4, rollout.value[:-1]))
    assert [batch.first.shape[1] for batch in batches] == [4, 4, 4, 3]
    values = torch.cat([batch.value[:-1] for batch in batches], 1)
    assert values.flatten().sort().values.tolist() == list(range(60))
    assert (values[1:] - values[:-1] == 5).all(), "a sequence is consecutive rows of one environment"
    with pytest.raises(ValueError, match="sequence_length is 5; it must divide rollout_steps, which is 12"):
        collect(stream, model, rollout.state, 12, 5)
    assert rollout.steps == int((~rollout.last[:12]).sum()) < 60
