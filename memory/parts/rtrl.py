"""Real-time recurrent learning by named parameters: what memories do with the cores of kernels/rtrl/.

The equations are in kernels/rtrl/sensitivities.py. The sensitivity of the parameter p is the entry `dh/dp` of the
state.
"""

from collections.abc import Mapping

from torch import Tensor

from memorl.kernels import attach_boundary_gradient, attach_one_step_gradient, update_sensitivities
from memorl.memory.base import State

Parameters = Mapping[str, tuple[Tensor, ...]]
"""By name, the parameters as they enter the recurrence: one tensor [N] or [N, D], or the two of a complex number."""


def initial_sensitivities(parameters: Parameters, pairs: bool, batch_size: int) -> State:
    """Return S = 0 for `batch_size` rows: dh/d<name>, [B, N] or [B, N, D], or with a 2 after N for pairs."""
    return {
        f"dh/d{name}": p.new_zeros(batch_size, len(p), *[2] * pairs, *p.shape[1:])
        for name, (p, *_) in parameters.items()
    }


def boundary_gradient(h: Tensor, first: Tensor, parameters: Parameters, state: State) -> Tensor:
    """Return h, the state before a chunk, with its gradient going to the parameters by way of the sensitivities."""
    s = [state[f"dh/d{name}"] for name in parameters]
    return attach_boundary_gradient(h, first, s, list(parameters.values()))


def next_sensitivities(
    jacobian: Tensor, first: Tensor, immediate: Mapping[str, Tensor], x: Tensor, state: State
) -> State:
    """Return the sensitivities after a chunk, from the Jacobians and the immediate Jacobians by name."""
    names = [f"dh/d{name}" for name in immediate]
    after = update_sensitivities([state[name] for name in names], jacobian, first, list(immediate.values()), x)
    return dict(zip(names, after, strict=True))


def one_step_gradient(h: Tensor, x: Tensor, parameters: Parameters, immediate: Mapping[str, Tensor]) -> Tensor:
    """Return h, the states of a chunk, whose gradient also goes to x by the step of x alone."""
    matrices = {name: group for name, group in parameters.items() if group[0].dim() == 2}
    return attach_one_step_gradient(h, x, [immediate[name] for name in matrices], list(matrices.values()))
