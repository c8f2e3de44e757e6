"""Experience: T steps of N environments, and the memory's state wherever a sequence starts.

Legend: T rows, N environments, K action branches, L rows of a sequence, S = N T / L sequences, M of them in a batch.

A rollout has T + 1 rows of what was seen; the last one is only valued, and is row 0 of the next rollout. The memory's
state is kept before rows 0, L, 2L, ..., so any L that divides T can be trained on, and nothing is padded.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from memorl.memory import State, concat, select

from .encoders import Observation
from .model import ActorCritic
from .stream import Stream

JUDGED = 16
"""Rows whose values are made at once: nobody waits for them, and one large product costs less than many small ones."""


@dataclass
class Rollout:
    """Row t of obs, reward, first, last and terminal is what was seen, row t of the rest what was done about it."""

    obs: Observation
    """[T + 1, N, ...]."""
    reward: Tensor
    """[T + 1, N]."""
    first: Tensor
    """[T + 1, N]."""
    last: Tensor
    """[T + 1, N]; no decision is taken on such a row: it counts in no loss."""
    terminal: Tensor
    """[T + 1, N]."""
    action: Tensor
    """[T, N, K]."""
    log_prob: Tensor
    """Of each branch of the action, [T, N, K]."""
    value: Tensor
    """[T + 1, N]."""
    states: list[State]
    """The memory's states before rows 0, L, 2L, ..."""
    state: State
    """The memory's state before row T, from which the next rollout goes on."""

    @property
    def steps(self) -> int:
        """How many decisions the environments took."""
        return int((~self.last[:-1]).sum())

    def minibatches(self, count: int, advantage: Tensor) -> Iterator["Batch"]:
        """Shuffle the sequences and deal them out in `count` batches; `advantage` is [T, N]."""
        T, N = self.action.shape[:2]
        L, state = T // len(self.states), concat(self.states)
        for picked in torch.randperm(len(self.states) * N, device=self.first.device).tensor_split(count):
            start = (picked // N) * L * N + picked % N
            rows = start + N * torch.arange(L, device=start.device)[:, None]  # [L, M], into [T N, ...]

            after = torch.cat([rows, rows[-1:] + N])  # and the row after them, [L + 1, M]

            def take(x: Tensor, rows: Tensor = rows) -> Tensor:
                return x.flatten(0, 1).index_select(0, rows.flatten()).unflatten(0, rows.shape)

            obs = take(self.obs) if isinstance(self.obs, Tensor) else {k: take(v) for k, v in self.obs.items()}
            yield Batch(
                obs=obs,
                first=take(self.first),
                action=take(self.action),
                log_prob=take(self.log_prob),
                advantage=take(advantage),
                reward=take(self.reward, after),
                last=take(self.last, after),
                terminal=take(self.terminal, after),
                value=take(self.value, after),
                state=select(state, picked),
            )


@dataclass
class Batch:
    """M sequences of L rows, what was seen on the row after each, and the states they start from."""

    obs: Observation
    """[L, M, ...]."""
    first: Tensor
    """[L, M]."""
    action: Tensor
    """[L, M, K]."""
    log_prob: Tensor
    """[L, M, K]."""
    advantage: Tensor
    """[L, M]."""
    reward: Tensor
    """[L + 1, M]."""
    last: Tensor
    """[L + 1, M]."""
    terminal: Tensor
    """[L + 1, M]."""
    value: Tensor
    """[L + 1, M]."""
    state: State
    """[M, ...]."""

    @property
    def valid(self) -> Tensor:
        """False where the episode has ended and nothing was decided, [L, M]."""
        return ~self.last[:-1]


@torch.no_grad()
def collect(stream: Stream, model: ActorCritic, state: State, length: int, every: int | None = None) -> Rollout:
    """Act for T = `length` rows and keep the memory's state before every L = `every`-th of them.

    Args:
        stream: Where the steps come from; it has been reset.
        model: What acts, by sampling.
        state: The memory's state before the stream's present step.
        length: T.
        every: L; it divides T. None means T: whole sequences.

    Raises:
        ValueError: If `every` does not divide `length`.
    """
    L = every or length
    if length % L:
        raise ValueError(f"sequence_length is {L}; it must divide rollout_steps, which is {length}")
    now, actions, device = stream.now, stream.actions, stream.device
    T, N = length, len(now.reward)
    reward, first, last, terminal = (_rows(T + 1, x) for x in (now.reward, now.first, now.last, now.terminal))
    obs = _rows(T + 1, now.obs) if isinstance(now.obs, Tensor) else {k: _rows(T + 1, v) for k, v in now.obs.items()}
    value, log_prob = torch.empty(T + 1, N, device=device), torch.empty(T, N, actions.branches, device=device)
    action = torch.empty(T, N, actions.branches, dtype=torch.long if actions.choices else torch.float, device=device)
    states: list[State] = []
    unjudged: list[Tensor] = []
    for t in range(T + 1):
        for rows, x in zip((obs, reward, first, last, terminal), stream.now, strict=True):
            _write(rows, t, x)
        row = obs[t : t + 1] if isinstance(obs, Tensor) else {k: v[t : t + 1] for k, v in obs.items()}
        policy, b, after = model.decide(row, state, first[t : t + 1])
        unjudged.append(b)
        if t == T or len(unjudged) == JUDGED:
            value[t + 1 - len(unjudged) : t + 1] = model.judge(torch.cat(unjudged))
            unjudged.clear()
        if t == T:
            break
        if t % L == 0:
            states.append(state)
        action[t] = policy.sample()[0]
        log_prob[t] = policy.log_prob(action[t : t + 1])[0]
        state = after
        stream.step(action[t])
    return Rollout(obs, reward, first, last, terminal, action, log_prob, value, states, state)


def _rows(count: int, x: Tensor) -> Tensor:
    return x.new_empty(count, *x.shape)


def _write(rows: Observation, t: int, x: Observation) -> None:
    if isinstance(rows, Tensor) and isinstance(x, Tensor):
        rows[t] = x
    elif isinstance(rows, dict) and isinstance(x, dict):
        for name, value in x.items():
            rows[name][t] = value
