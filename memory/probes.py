"""What does it remember? Three questions that can be put to any memory, answered by gradients.

Legend: T steps, B rows, D input, H output, K lags.

    I[t, s] = |dy_t / dx_s|_F                       influence of step s on what comes out at t >= s      (1)
    p[k] = mean over t of I[t, t - k]               influence by age, within an episode                  (2)
    horizon = least k with p[0] + ... + p[k] >= q sum p                                                   (3)

I is what attention weights are to attention, for memories that have none: the implicit attention matrix. The norm is
estimated by Rademacher vectors v: E |v^T J|^2 = |J|_F^2 (Hutchinson, 1989). Rows of a memory do not mix, so all t and v
go through it as rows of one batch, with one backward pass.
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
    """How much each step's input moves each later output (eq. 1), as far as the memory lets gradients through.

    Args:
        memory: Any memory.
        x: Features, [T, B, D].
        state: The state before them; None is the initial one.
        first: Episode starts, [T, B]; None is nowhere.
        vectors: Random vectors that each norm is estimated by; its relative error is about vectors^-1/2 / 2, or less.
        rows: How many rows go through the memory at once.

    Returns:
        I [T, T, B]: at [t, s] that of x_s on y_t; 0 where s > t, or where an episode begins between them.
    """
    state, first = memory.prepare(x, state, first)
    T, B = first.shape
    jobs = torch.cartesian_prod(torch.arange(T), torch.arange(B)).repeat_interleave(vectors, 0)
    squares = []
    for job in jobs.split(rows):
        t, b = job.unbind(1)
        given = x.detach()[:, b].requires_grad_()
        with torch.enable_grad():
            y, _ = memory(given, select(state, b), first[:, b])
            asked = y[t, torch.arange(len(t))]
            signs = torch.randint(2, asked.shape, device=asked.device).to(asked.dtype) * 2 - 1
            loss = (asked * signs).sum()
            (gradient,) = torch.autograd.grad(loss, given, materialize_grads=True)
        squares.append(gradient.square().sum(-1).t())  # [rows, T]
    return torch.cat(squares).view(T, B, vectors, T).mean(2).sqrt().permute(0, 2, 1)


def by_age(influence: Tensor, first: Tensor) -> Tensor:
    """The mean influence of what lies k steps back in the same episode (eq. 2), [K = T]; 0 where nothing does.

    Args:
        influence: I [T, T, B].
        first: Episode starts, [T, B].
    """
    T = len(first)
    episode = first.long().cumsum(0)
    means = []
    for k in range(T):
        same = episode[k:] == episode[: T - k]
        moved = influence.diagonal(-k).permute(1, 0)  # [T - k, B]
        means.append(moved[same].mean() if same.any() else moved.new_zeros(()))
    return torch.stack(means)


def effective_horizon(profile: Tensor, share: float = 0.9) -> int:
    """How many steps back hold `share` of the influence (eq. 3); `profile` [K] is what `by_age` gives."""
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}; it must lie between 0 and 1")
    reached = profile.cumsum(0) >= share * profile.sum() * (1 - 1e-6)
    return int(reached.int().argmax())
