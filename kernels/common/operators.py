"""Make differentiable custom operators of torch, each from a forward and a backward function.

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

Tensors3 = tuple[Tensor, Tensor, Tensor]
Tensors4 = tuple[Tensor, Tensor, Tensor, Tensor]


def operator(name: str, function: Callable[..., Any], fake: Callable[..., Any]) -> CustomOpDef:
    """Make `function` the operator `memorl::<name>`; `fake` returns empty tensors like its outputs."""
    op = custom_op(f"memorl::{name}", function, mutates_args=())
    op.register_fake(fake)
    return op


def differentiable(
    name: str,
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    gradients: str,
    outputs: str = "y",
    shapes: str = "",
    fake: Callable[..., Any] = lambda x, *_: x.new_empty(x.shape),
    fake_backward: Callable[..., Any] | None = None,
) -> CustomOpDef:
    """Make the operator `memorl::<name>`, differentiated, once, by the operator `memorl::<name>_backward`.

    Args:
        name: Name of the operator.
        forward: Takes the inputs and returns the outputs; its annotations make the operator's schema.
        backward: Takes gradients of outputs and saved inputs and outputs, by their names; returns the gradients.
        gradients: Names of the inputs whose gradients `backward` returns, in its order.
        outputs: Names of what `forward` returns.
        shapes: Names of the parameters of `backward` that have the gradients' shapes; by default `gradients`.
        fake: Returns empty tensors like the outputs of `forward`; by default there is one, of the first input's shape.
        fake_backward: Returns empty tensors like the outputs of `backward`, where parameters do not have their shapes.
    """
    inputs = list(inspect.signature(forward).parameters)
    values = [*inputs, *outputs.split()]
    parameters = list(inspect.signature(backward).parameters)
    saved = [values.index(parameter) for parameter in parameters if parameter in values]
    differentiated = [values[len(inputs) :].index(parameter[1:]) for parameter in parameters if parameter not in values]

    def empty_gradients(*arguments: Any) -> tuple[Tensor, ...]:
        return empty(*(arguments[parameters.index(parameter)] for parameter in (shapes or gradients).split()))

    forward_op = operator(name, forward, fake)
    backward_op = operator(f"{name}_backward", backward, fake_backward or empty_gradients)

    def save(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        all_values = (*inputs, output) if isinstance(output, Tensor) else (*inputs, *output)
        saved_values = [all_values[i] for i in saved]
        ctx.constants = [None if isinstance(value, Tensor) else value for value in saved_values]
        ctx.save_for_backward(*(value if isinstance(value, Tensor) else None for value in saved_values))
        ctx.set_materialize_grads(False)

    def differentiate(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        output_grads = [grads[i] for i in differentiated]
        if all(grad is None for grad in output_grads):
            return (None,) * len(inputs)
        saved_values = [c if x is None else x for x, c in zip(ctx.saved_tensors, ctx.constants, strict=True)]
        by_value = dict(zip(saved, saved_values, strict=True))
        output_grads = [
            torch.zeros_like(by_value[len(inputs) + i]) if grad is None else grad
            for i, grad in zip(differentiated, output_grads, strict=True)
        ]
        assert output_grads[0] is not None
        with torch.autocast(output_grads[0].device.type, enabled=False):
            input_grads = dict(zip(gradients.split(), backward_op(*output_grads, *saved_values), strict=True))
        return tuple(
            input_grads.get(name) if needed else None for name, needed in zip(inputs, ctx.needs_input_grad, strict=True)
        )

    forward_op.register_autograd(differentiate, setup_context=save)
    return forward_op


def empty(*like: Tensor) -> tuple[Tensor, ...]:
    """Return new contiguous tensors of the shapes and types of the arguments."""
    return tuple(x.new_empty(x.shape) for x in like)


def contiguous(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Return the tensors, with copies of those that are not contiguous."""
    return tuple(x.contiguous() for x in tensors)
