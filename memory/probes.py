"""Measurements of how far back a memory remembers, by gradients.

Legend: T steps, B rows, D input, H output, K lags.

    I[t, s] = |dy_t / dx_s|_F                       influence of the input s on the output t >= s        (1)
    p[k] = mean over t of I[t, t - k]               influence by age, within an episode                  (2)
    horizon = least k with p[0] + ... + p[k] >= q sum p                                                   (3)

For memories without attention weights I is their implicit attention matrix. The norm is estimated by Rademacher vectors
v: E |v^T J|^2 = |J|_F^2 (Hutchinson, 1989). Rows of a memory do not mix, so all t and v go through it as rows of one
batch, with one backward pass.
"""

import torch
from torch import Tensor

from .base import Memory, State, select


def influence(
    memory: Memory,
    x: Tensor,
    state: State | None = None,
    first: Tensor | None = None,
    vectors: int = 8,
    rows: int = 512,
) -> Tensor:
    """Return the influence of each input on each later output (eq. 1), as far as the memory lets gradients through.

    Args:
        memory: Any memory.
        x: Features, [T, B, D].
        state: The state before them; None means the initial state.
        first: Episode starts, [T, B]; None means nowhere.
        vectors: Number of random vectors a norm; its relative error is about vectors^-1/2 / 2, or less.
        rows: Number of rows that go through the memory at once.

    Returns:
        I [T, T, B]: at [t, s] the influence of x_s on y_t; 0 where s > t, or where an episode begins between them.
    """
    state, first = memory.prepare(x, state, first)
    T, B = first.shape
    jobs = torch.cartesian_prod(torch.arange(T), torch.arange(B)).repeat_interleave(vectors, 0)
    squares = []
    for job in jobs.split(rows):
        t, b = job.unbind(1)
        inputs = x.detach()[:, b].requires_grad_()
        with torch.enable_grad():
            y, _ = memory(inputs, select(state, b), first[:, b])
            outputs = y[t, torch.arange(len(t))]
            signs = torch.randint(2, outputs.shape, device=outputs.device).to(outputs.dtype) * 2 - 1
            (gradient,) = torch.autograd.grad((outputs * signs).sum(), inputs, materialize_grads=True)
        squares.append(gradient.square().sum(-1).t())  # [rows, T]
    return torch.cat(squares).view(T, B, vectors, T).mean(2).sqrt().permute(0, 2, 1)


def by_age(influence: Tensor, first: Tensor) -> Tensor:
    """Return the mean influence of the inputs k steps back in the same episode (eq. 2), [K = T]; 0 where there is none.

    Args:
        influence: I [T, T, B].
        first: Episode starts, [T, B].
    """
    T = len(first)
    episode = first.long().cumsum(0)
    means = []
    for k in range(T):
        same = episode[k:] == episode[: T - k]
        lagged = influence.diagonal(-k).permute(1, 0)  # [T - k, B]
        means.append(lagged[same].mean() if same.any() else lagged.new_zeros(()))
    return torch.stack(means)


def effective_horizon(profile: Tensor, share: float = 0.9) -> int:
    """Return the number of steps back that hold `share` of the influence (eq. 3); `by_age` returns the profile [K]."""
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}; it must lie between 0 and 1")
    reached = profile.cumsum(0) >= share * profile.sum() * (1 - 1e-6)
    return int(reached.int().argmax())
