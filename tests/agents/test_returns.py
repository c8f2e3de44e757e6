"""Advantages and targets are the sums of the papers."""

import pytest
import torch
from torch import Tensor

from memorl.agents import gae, vtrace


def random_rows(T: int, N: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Rewards, values, ends and ends for good."""
    reward, value = torch.randn(2, T + 1, N, dtype=torch.float64)
    last = torch.rand(T + 1, N) < 0.3
    return reward, value, last, last & (torch.rand(T + 1, N) < 0.5)


def test_gae_is_the_sum_of_discounted_errors() -> None:
    T = 11
    N = 4
    gamma = 0.9
    lam = 0.8
    reward, value, last, terminal = random_rows(T, N)
    advantage = gae(reward, value, last, terminal, gamma, lam)
    for n in range(N):
        for t in range(T):
            total = 0.0
            k = t
            while k < T:
                after = 0.0 if terminal[k + 1, n] else value[k + 1, n]
                total += (gamma * lam) ** (k - t) * (reward[k + 1, n] + gamma * after - value[k, n])
                if last[k + 1, n]:
                    break
                k += 1
            torch.testing.assert_close(advantage[t, n], torch.as_tensor(total, dtype=torch.float64))


@pytest.mark.parametrize(("lam", "rho_clip", "trace_clip"), [(1.0, 1.0, 1.0), (0.8, 1.5, 0.9)])
def test_vtrace_is_the_literal_sum(lam: float, rho_clip: float, trace_clip: float) -> None:
    """Equation 1 of the paper: a sum over the steps to come, each with the product of the ratios before it."""
    T = 11
    N = 4
    gamma = 0.9
    reward, value, last, terminal = random_rows(T, N)
    log_ratio = torch.randn(T, N, dtype=torch.float64)
    target, advantage = vtrace(reward, value, last, terminal, log_ratio, gamma, lam, rho_clip, trace_clip)
    ratio = log_ratio.exp()

    def worth(s: int, n: int) -> float:
        """v_s; that of an end, or of the last row, is V."""
        total = float(value[s, n])
        product = 1.0
        for t in range(s, T):
            if t > s and last[t, n]:
                break
            after = 0.0 if terminal[t + 1, n] else float(value[t + 1, n])
            error = float(reward[t + 1, n]) + gamma * after - float(value[t, n])
            total += product * min(rho_clip, float(ratio[t, n])) * error
            product *= gamma * lam * min(trace_clip, float(ratio[t, n]))
        return total

    for n in range(N):
        for s in range(T):
            after = float(value[s + 1, n]) if last[s + 1, n] or s + 1 == T else worth(s + 1, n)
            after = 0.0 if terminal[s + 1, n] else after
            gain = float(reward[s + 1, n]) + gamma * after - float(value[s, n])
            assert float(target[s, n]) == pytest.approx(worth(s, n), abs=1e-12)
            assert float(advantage[s, n]) == pytest.approx(min(rho_clip, float(ratio[s, n])) * gain, abs=1e-12)


def test_on_policy_vtrace_is_the_n_step_return() -> None:
    rows = random_rows(11, 4)
    target, advantage = vtrace(*rows, torch.zeros(11, 4, dtype=torch.float64), gamma=0.9)
    expected = gae(*rows, gamma=0.9, lam=1.0)
    torch.testing.assert_close(advantage, expected)
    torch.testing.assert_close(target, expected + rows[1][:-1])
    decayed, _ = vtrace(*rows, torch.zeros(11, 4, dtype=torch.float64), gamma=0.9, lam=0.7)
    torch.testing.assert_close(decayed, gae(*rows, gamma=0.9, lam=0.7) + rows[1][:-1])
