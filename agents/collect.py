"""Collection of a rollout: the model acts in the environments.

Legend: T rows, N environments, K action branches, L rows of a sequence.
"""

import torch
from torch import Tensor

from memorl.memory import State

from .model import ActorCritic
from .observations import ACTION_MASK
from .rollout import Rollout
from .stream import Stream

MAX_PENDING_ROWS = 16
"""Rows whose values are computed together: acting does not need values, and one large product is cheaper than many."""


@torch.no_grad()
def collect(stream: Stream, model: ActorCritic, state: State, length: int, every: int | None = None) -> Rollout:
    """Act for T = `length` rows, and keep the memory's state before every L-th row, where L = `every`.

    Args:
        stream: The stream of steps; it has been reset.
        model: The model that acts, by sampling.
        state: The memory's state before the stream's current step.
        length: T.
        every: L; it divides T. None means T: whole sequences.

    Raises:
        ValueError: If `every` does not divide `length`.
    """
    T = length
    L = every or length
    if T % L:
        raise ValueError(f"sequence_length is {L}; it must divide rollout_steps, which is {T}")
    N = stream.env.num_envs
    K = stream.actions.branches
    step = stream.current_step
    obs = {name: _allocate(T + 1, entry) for name, entry in step.obs.items() if name != ACTION_MASK}
    reward, first, last, terminal = (_allocate(T + 1, x) for x in step[1:])
    action = torch.empty(T, N, K, dtype=stream.actions.dtype, device=stream.device)
    log_prob = torch.empty(T, N, K, device=stream.device)
    value = torch.empty(T + 1, N, device=stream.device)
    states: list[State] = []
    pending: list[Tensor] = []
    for t in range(T + 1):
        if ACTION_MASK in step.obs and ACTION_MASK not in obs:  # rows without a mask allow everything
            obs[ACTION_MASK] = _allocate(T + 1, step.obs[ACTION_MASK]).fill_(True)
        for name, entry in step.obs.items():
            obs[name][t] = entry
        for rows, x in zip((reward, first, last, terminal), step[1:], strict=True):
            rows[t] = x
        row = {name: rows[t : t + 1] for name, rows in obs.items()}
        policy, c, next_state = model.forward_policy(row, state, first[t : t + 1])
        pending.append(c)
        if t == T or len(pending) == MAX_PENDING_ROWS:
            value[t + 1 - len(pending) : t + 1] = model.forward_value(torch.cat(pending))
            pending.clear()
        if t == T:
            break
        if t % L == 0:
            states.append(state)
        action[t] = policy.sample()[0]
        log_prob[t] = policy.log_prob(action[t : t + 1])[0]
        state = next_state
        step = stream.step(action[t])
    return Rollout(obs, reward, first, last, terminal, action, log_prob, value, states, state)


def _allocate(count: int, x: Tensor) -> Tensor:
    return x.new_empty(count, *x.shape)
