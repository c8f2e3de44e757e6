"""What memories with a diagonal recurrence share: how credit reaches the recurrent parameters, and the features.

Legend: T time, B batch, D input, N units, H output; [N*] is [N], or [N, 2] where a unit is a pair.
"""

from abc import abstractmethod
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from memorl.kernels import is_transformed, previous_states
from memorl.memory.base import Memory, State
from memorl.memory.checks import require_positive

from .rtrl import Parameters, boundary_gradient, initial_sensitivities, next_sensitivities, one_step_gradient


class Derivatives(NamedTuple):
    """The derivatives of every step by the state before it and by the parameters."""

    jacobian: Tensor
    """dh_t / dh_{t-1}, [T, B, N], or [T, B, N, 2, 2] for pairs; may be expanded."""
    immediate: dict[str, Tensor]
    """By parameter, the immediate Jacobian J_t: dh_t / dp (over x_t^T for a matrix), [T, B, N*]; may be expanded."""


class DiagonalMemory(Memory):
    """A recurrence in which each unit sees itself alone, then a readout.

    Args:
        input_size: Size D of the features that go in.
        hidden_size: Number N of units.
        output_size: Size H of the features that come out.
        pairs: Whether a unit is a pair of numbers.
        credit: `bptt`: gradients reach back to the start of the sequence handed in. `rtrl`: those of the recurrent
            parameters reach back to the start of the episode, however short the sequences: sensitivities in the
            state do it.
        encoder_grad: What the features get: `chunk`, the gradient through the whole sequence handed in; `one_step`,
            that of their own step; `none`.

    State: `h` [B, N*], and with rtrl `dh/dp` for every recurrent parameter p, as large as p (twice, for pairs whose
    halves are not one complex number). All zero at the start of an episode. With rtrl no gradient leaves by the state.

    Raises:
        ValueError: If a size is not positive, or a choice unknown.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        pairs: bool,
        credit: Literal["bptt", "rtrl"],
        encoder_grad: Literal["chunk", "one_step", "none"],
    ) -> None:
        require_positive(hidden_size=hidden_size)
        if credit not in ("bptt", "rtrl"):
            raise ValueError(f"credit is {credit!r}; it must be bptt or rtrl")
        if encoder_grad not in ("chunk", "one_step", "none"):
            raise ValueError(f"encoder_grad is {encoder_grad!r}; it must be chunk, one_step or none")
        super().__init__(input_size, output_size)
        self.hidden_size, self.pairs, self.credit, self.encoder_grad = hidden_size, pairs, credit, encoder_grad

    @abstractmethod
    def recurrent(self) -> Parameters:
        """The parameters as they enter the recurrence; functions of the module's own, where those are transformed."""

    @abstractmethod
    def run(self, x: Tensor, h: Tensor, first: Tensor, p: Parameters) -> tuple[Tensor, Tensor]:
        """The states [T, B, N*] of x from h on, and anything that `derivatives` wants, without a gradient."""

    @abstractmethod
    def derivatives(self, before: Tensor, after: Tensor, extra: Tensor, p: Parameters) -> Derivatives:
        """The derivatives at every step, of the states before [T, B, N*] (zero where first) and after it."""

    def readout(self, x: Tensor, h: Tensor) -> Tensor:
        """The features [T, B, H] of the inputs and the states."""
        return h

    def initial_state(self, batch_size: int) -> State:
        """Zeros."""
        with torch.no_grad():
            p = self.recurrent()
        some = next(iter(p.values()))[0]
        h = some.new_zeros(batch_size, self.hidden_size, *[2] * self.pairs)
        return {"h": h} | (initial_sensitivities(p, self.pairs, batch_size) if self.credit == "rtrl" else {})

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the equations of the class over x [T, B, D]; see `Memory.forward`."""
        state, first = self.prepare(x, state, first)
        x = x.detach() if self.encoder_grad == "none" else x
        p, h = self.recurrent(), state["h"]
        if self.credit == "rtrl":
            if is_transformed(x, first, *state.values(), *self.parameters()):
                raise NotImplementedError("credit='rtrl' works with backward() and torch.autograd.grad, no others")
            h = boundary_gradient(h, first[0], p, state)
        after, extra = self.run(x if self.encoder_grad == "chunk" else x.detach(), h, first, p)
        end: State = {"h": after[-1]}
        if self.credit == "rtrl" or self.encoder_grad == "one_step":
            with torch.no_grad(), torch.autocast(x.device.type, enabled=False):
                jacobian, immediate = self.derivatives(previous_states(h, after, first), after, extra, p)
                if self.credit == "rtrl":
                    end = {"h": after[-1].clone()} | next_sensitivities(
                        jacobian, first, immediate, x.to(h.dtype), state
                    )
            if self.encoder_grad == "one_step":
                after = one_step_gradient(after, x, p, immediate)
        return self.readout(x, after), end
