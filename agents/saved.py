"""Check saved tensors against the objects that load them."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


def require_like(place: str, saved: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> None:
    """Raise ValueError unless saved tensors have the names, shapes and types of our own.

    Args:
        place: Name of both in messages.
        saved: Tensors by name.
        own: Tensors by name.
    """
    for name in {**own, **saved}:
        shapes = [tuple(tensors[name].shape) if name in tensors else None for tensors in (saved, own)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"the shape of {place}.{name} is {shapes[0]}; it must be {shapes[1]}")
        if saved[name].dtype != own[name].dtype:
            raise ValueError(f"the type of {place}.{name} is {saved[name].dtype}; it must be {own[name].dtype}")


def load_optimizer(optimizer: Optimizer, saved: Mapping[str, Any]) -> None:
    """Load the state of an optimizer; its settings stay. This changes its parameters, which must be loaded afterwards.

    Args:
        optimizer: A new optimizer.
        saved: The `state_dict` of one that was made of the same parameters.

    Raises:
        ValueError: If a parameter has another state there, or there are other parameters.
    """
    own = _stepped(optimizer)
    groups = own["param_groups"]
    if [group.get("params") for group in saved["param_groups"]] != [group["params"] for group in groups]:
        raise ValueError("agent.optimizer is of other parameters")
    for number, state in saved["state"].items():
        place = f"agent.optimizer.{number}"
        if number not in own["state"]:
            raise ValueError(f"{place} is of no parameter; there are {len(own['state'])}")
        kinds = [{name: type(value) for name, value in values.items()} for values in (state, own["state"][number])]
        if kinds[0] != kinds[1]:
            raise ValueError(f"{place} is {kinds[0]}; it must be {kinds[1]}")
        tensors = [_tensors(values) for values in (state, own["state"][number])]
        require_like(place, *tensors)
    optimizer.load_state_dict({"state": saved["state"], "param_groups": groups})


def _stepped(optimizer: Optimizer) -> dict[str, Any]:
    """Return the state of an optimizer after a step with zero gradients, which creates all of its tensors."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    optimizer.zero_grad()
    return optimizer.state_dict()


def _tensors(values: Mapping[str, Any]) -> dict[str, Tensor]:
    return {name: value for name, value in values.items() if isinstance(value, Tensor)}
