"""Law of memories and rollouts: the first replay gives the rollout's log-probabilities and values."""

import pytest
import torch

from memorl.agents import Stream, collect
from memorl.envs import RepeatPrevious
from tests.support.agents import make_model


@pytest.mark.parametrize("every", [24, 8, 3, 1])
@pytest.mark.usefixtures("float64")
def test_the_first_replay_is_exact(memory_name: str, every: int) -> None:
    """Episodes of 6 rows against sequences of 24, 8, 3 and 1: starts fall everywhere."""
    stream = Stream(RepeatPrevious(num_envs=7, k=1, length=5), last_action=True)
    model = make_model(stream, memory_name)
    stream.reset(0)
    state = model.memory.initial_state(7)
    for _ in range(2):
        rollout = collect(stream, model, state, 24, every)
        state = rollout.state
        rows = 0
        for batch in rollout.minibatches(3, torch.zeros(24, 7)):
            with torch.no_grad():
                (policy, value), _ = model(batch.obs, batch.state, batch.first)
            torch.testing.assert_close(policy.log_prob(batch.action).float(), batch.log_prob.float())
            torch.testing.assert_close(value.float(), batch.value[:-1].float())
            rows += batch.first.numel()
        assert rows == 24 * 7
