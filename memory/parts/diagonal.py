"""Base class of memories with a diagonal recurrence: it carries gradients to the recurrent parameters and the features.

The equations of real-time recurrent learning are in kernels/rtrl/sensitivities.py.

Legend: T time, B batch, D input, N units, H output; [N*] is [N], or [N, 2] where a unit is a pair.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from memorl.kernels import (
    attach_boundary_gradient,
    attach_one_step_gradient,
    is_transformed,
    previous_states,
    update_sensitivities,
    without_autocast,
)
from memorl.memory.base import Memory, State
from memorl.memory.checks import require_choice, require_positive

Credit = Literal["bptt", "rtrl"]
EncoderGrad = Literal["chunk", "one_step", "none"]
Parameters = Mapping[str, tuple[Tensor, ...]]
"""By name, the parameters as they enter the recurrence: one tensor [N] or [N, D], or the two of a complex number."""


class Derivatives(NamedTuple):
    """The derivatives of every state with respect to the previous state and to the parameters."""

    jacobian: Tensor
    """dh_t / dh_{t-1}, [T, B, N], or [T, B, N, 2, 2] for pairs; may be expanded."""
    immediate: dict[str, Tensor]
    """By parameter, the immediate Jacobian J_t: dh_t / dp (over x_t^T for a matrix), [T, B, N*]; may be expanded."""


class DiagonalMemory(Memory):
    """A recurrence in which each unit depends on its own previous state alone, then a readout.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number N of units.
        output_size: Size H of the features that come out.
        pairs: A unit is a pair of numbers.
        credit: `bptt`: gradients reach back to the start of the sequence. `rtrl`: the gradients of the recurrent
            parameters reach back to the start of the episode, however short the sequences: the state holds
            sensitivities.
        encoder_grad: The gradient of the features: `chunk`, through the whole sequence; `one_step`, through their own
            step alone; `none`.

    State: `h` [B, N*], and with rtrl `dh/dp` for every recurrent parameter p, as large as p (twice, for pairs whose
    halves are not one complex number). All zero at the start of an episode. With rtrl no gradient leaves by the state.

    Raises:
        ValueError: If a size is not positive, or a choice unknown.
    """

    def __init__(
        self, input_size: int, hidden_size: int, output_size: int, pairs: bool, credit: Credit,
        encoder_grad: EncoderGrad,
    ) -> None:  # fmt: skip
        require_positive(hidden_size=hidden_size)
        require_choice(Credit, credit=credit)
        require_choice(EncoderGrad, encoder_grad=encoder_grad)
        super().__init__(input_size, output_size)
        self.hidden_size = hidden_size
        self.pairs = pairs
        self.credit = credit
        self.encoder_grad = encoder_grad

    @abstractmethod
    def recurrent(self) -> Parameters:
        """Return the parameters as they enter the recurrence, which may be functions of the module's parameters."""

    @abstractmethod
    def run(self, x: Tensor, h: Tensor, first: Tensor, p: Parameters) -> tuple[Tensor, Tensor]:
        """Return the states [T, B, N*] of x after the state h, and a detached tensor that `derivatives` reads."""

    @abstractmethod
    def derivatives(self, previous: Tensor, states: Tensor, extra: Tensor, p: Parameters) -> Derivatives:
        """Return the derivatives at every step; the previous states [T, B, N*] are zero where first."""

    def readout(self, x: Tensor, h: Tensor) -> Tensor:
        """Return the features [T, B, H] of the inputs and the states; by default the states."""
        return h

    def initial_state(self, batch_size: int) -> State:
        """Return zeros."""
        with torch.no_grad():
            p = {name: part for name, (part, *_) in self.recurrent().items()}
        pair = [2] * self.pairs
        state = {"h": next(iter(p.values())).new_zeros(batch_size, self.hidden_size, *pair)}
        if self.credit == "rtrl":
            state |= {f"dh/d{name}": q.new_zeros(batch_size, len(q), *pair, *q.shape[1:]) for name, q in p.items()}
        return state

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the equations of the class over x [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        x = x.detach() if self.encoder_grad == "none" else x
        p = self.recurrent()
        h = state["h"]
        if self.credit == "rtrl":
            if is_transformed(x, first, *state.values(), *self.parameters()):
                raise NotImplementedError("credit='rtrl' works with backward() and torch.autograd.grad, no others")
            h = attach_boundary_gradient(h, first[0], [state[f"dh/d{name}"] for name in p], list(p.values()))
        states, extra = self.run(x if self.encoder_grad == "chunk" else x.detach(), h, first, p)
        end: State = {"h": states[-1]}
        if self.credit == "rtrl" or self.encoder_grad == "one_step":
            with torch.no_grad(), without_autocast(x.device):
                jacobian, immediate = self.derivatives(previous_states(h, states, first), states, extra, p)
                if self.credit == "rtrl":
                    names = [f"dh/d{name}" for name in immediate]
                    s = [state[name] for name in names]
                    s = update_sensitivities(s, jacobian, first, list(immediate.values()), x.to(h.dtype))
                    end = {"h": states[-1].clone(), **dict(zip(names, s, strict=True))}
            if self.encoder_grad == "one_step":
                matrices = [name for name, (part, *_) in p.items() if part.dim() == 2]
                jacobians = [immediate[name] for name in matrices]
                states = attach_one_step_gradient(states, x, jacobians, [p[name] for name in matrices])
        return self.readout(x, states), end
