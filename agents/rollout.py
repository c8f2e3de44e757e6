"""Experience: T steps of N environments, and the memory's state wherever a sequence starts.

Legend: T rows, N environments, K action branches, L rows of a sequence, S = N T / L sequences, M of them in a batch.

A rollout has T + 1 rows of observations; the last one is only valued, and is row 0 of the next rollout. The memory's
state is kept before rows 0, L, 2L, ..., so any L that divides T can be trained on, and nothing is padded.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from memorl.memory import State, concat, select

from .observations import Observation


@dataclass
class Batch:
    """M sequences of L rows, the observations' flags and values on the row after each, and the initial states."""

    obs: Observation  # [L, M, ...]
    first: Tensor  # [L, M]
    action: Tensor  # [L, M, K]
    log_prob: Tensor  # [L, M, K]
    advantage: Tensor  # [L, M]
    reward: Tensor  # [L + 1, M]
    last: Tensor  # [L + 1, M]
    terminal: Tensor  # [L + 1, M]
    value: Tensor  # [L + 1, M]
    state: State  # [M, ...]

    @property
    def valid(self) -> Tensor:
        """Return the mask [L, M] of decisions: False where the episode has ended and the action is ignored."""
        return ~self.last[:-1]


@dataclass
class Rollout:
    """Row t of obs, reward, first, last and terminal comes from the environments; the rest was decided on that row."""

    obs: Observation  # [T + 1, N, ...]
    reward: Tensor  # [T + 1, N]
    first: Tensor  # [T + 1, N]
    last: Tensor  # [T + 1, N]; no decision is taken on such a row: it counts in no loss
    terminal: Tensor  # [T + 1, N]
    action: Tensor  # [T, N, K]
    log_prob: Tensor  # log-probability of each branch of the action, [T, N, K]
    value: Tensor  # [T + 1, N]
    states: list[State]  # the memory's states before rows 0, L, 2L, ...
    state: State  # the memory's state before row T, from which the next rollout continues

    @property
    def steps(self) -> int:
        """Return the number of decisions that the environments took."""
        return int((~self.last[:-1]).sum())

    def minibatches(self, count: int, advantage: Tensor) -> Iterator[Batch]:
        """Shuffle the sequences and split them into `count` batches; `advantage` is [T, N]."""
        T, N = self.action.shape[:2]
        L = T // len(self.states)
        state = concat(self.states)
        for picked in torch.randperm(len(self.states) * N, device=self.first.device).tensor_split(count):
            start = (picked // N) * L * N + picked % N
            rows = start + N * torch.arange(L, device=start.device)[:, None]  # [L, M], into [T N, ...]
            rows_and_next = torch.cat([rows, rows[-1:] + N])  # [L + 1, M]
            yield Batch(
                obs={name: _take(entry, rows) for name, entry in self.obs.items()},
                first=_take(self.first, rows),
                action=_take(self.action, rows),
                log_prob=_take(self.log_prob, rows),
                advantage=_take(advantage, rows),
                reward=_take(self.reward, rows_and_next),
                last=_take(self.last, rows_and_next),
                terminal=_take(self.terminal, rows_and_next),
                value=_take(self.value, rows_and_next),
                state=select(state, picked),
            )


def _take(x: Tensor, rows: Tensor) -> Tensor:
    """Return x [T, N, ...] at flat rows [L, M], [L, M, ...]."""
    return x.flatten(0, 1).index_select(0, rows.flatten()).unflatten(0, rows.shape)
