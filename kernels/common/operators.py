"""Custom operators of torch that are differentiable: a forward operator, a backward one, and what ties them together.

Names tie them: a parameter `dy` of the backward function is the gradient of the output `y` of the forward one, and
every other parameter is the input or output of that name, which is saved. Gradients of outputs that nobody
differentiates are not made (for a GRU of T steps, B rows and H units they would be 6 T B H zeros), except where another
output is differentiated. The backward function runs without autocast: a recurrence keeps its precision.
"""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.library import CustomOpDef, custom_op


def operator(name: str, function: Callable[..., Any], fake: Callable[..., Any]) -> CustomOpDef:
    """Make `function` the operator `memorl::<name>`; `fake` returns empty tensors like its outputs."""
    made = custom_op(f"memorl::{name}", function, mutates_args=())
    made.register_fake(fake)
    return made


def differentiable(
    name: str,
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    fake: Callable[..., Any],
    fake_backward: Callable[..., Any],
    outputs: str = "y",
    gradients: str = "",
) -> CustomOpDef:
    """Make the operator `memorl::<name>`, differentiated, once, by the operator `memorl::<name>_backward`.

    Args:
        name: Name of the operator.
        forward: Takes the inputs and returns the outputs; its annotations make the operator's schema.
        backward: Takes gradients of outputs and saved inputs and outputs, by their names; returns the gradients.
        fake: Returns empty tensors like the outputs of `forward`.
        fake_backward: Returns empty tensors like the outputs of `backward`.
        outputs: Names of what `forward` returns.
        gradients: Names of the inputs whose gradients `backward` returns, in its order.
    """
    forward_op = operator(name, forward, fake)
    backward_op = operator(f"{name}_backward", backward, fake_backward)
    inputs = list(inspect.signature(forward).parameters)
    values = [*inputs, *outputs.split()]
    parameters = list(inspect.signature(backward).parameters)
    saved = [values.index(parameter) for parameter in parameters if parameter in values]
    differentiated = [values[len(inputs) :].index(parameter[1:]) for parameter in parameters if parameter not in values]
    positions = [inputs.index(gradient) for gradient in gradients.split()]

    def save(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        given = (*inputs, output) if isinstance(output, Tensor) else (*inputs, *output)
        kept = [given[i] for i in saved]
        ctx.constants = [None if isinstance(value, Tensor) else value for value in kept]
        ctx.save_for_backward(*(value if isinstance(value, Tensor) else None for value in kept))
        ctx.set_materialize_grads(False)

    def differentiate(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        result: list[Tensor | None] = [None] * len(inputs)
        wanted = [grads[i] for i in differentiated]
        if all(grad is None for grad in wanted):
            return tuple(result)
        kept = [c if x is None else x for x, c in zip(ctx.saved_tensors, ctx.constants, strict=True)]
        by_value = dict(zip(saved, kept, strict=True))
        wanted = [
            torch.zeros_like(by_value[len(inputs) + i]) if grad is None else grad
            for i, grad in zip(differentiated, wanted, strict=True)
        ]
        assert wanted[0] is not None
        with torch.autocast(wanted[0].device.type, enabled=False):
            found = backward_op(*wanted, *kept)
        for position, gradient in zip(positions, found, strict=True):
            if ctx.needs_input_grad[position]:
                result[position] = gradient
        return tuple(result)

    forward_op.register_autograd(differentiate, setup_context=save)
    return forward_op


def empty(*like: Tensor) -> tuple[Tensor, ...]:
    """Return new contiguous tensors of the shapes and types of the arguments."""
    return tuple(x.new_empty(x.shape) for x in like)
