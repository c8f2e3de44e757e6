"""Refuse sizes that a machine cannot hold before they are allocated, and recognise errors of exhausted memory.

A model is built once without memory, on torch's meta device, while the bytes and the number of its modules are counted:
a layer too many ends the count, and the largest number of the part is named, since that is the one that was meant
otherwise. What cannot be built there, such as the module of a user that reads its own numbers, is counted as it is
built in earnest.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules import module as registration

T = TypeVar("T")

MAX_MODULES = 4096
CGROUP = Path("/sys/fs/cgroup/memory.max")
SIGNS = ("can't allocate memory", "out of memory", "calculation overflowed", "verflow when unpacking", "fit 'int' into")
"""Parts of the messages of torch and Python that mean too little CPU memory, or an impossible number of bytes."""


class TooLargeError(ValueError):
    """An object is larger than the memory of the machine."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that there is not enough memory."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    is_other = isinstance(error, RuntimeError | OverflowError | TypeError)
    return is_other and any(sign in str(error) for sign in SIGNS)


def memory_of(device: torch.device) -> float:
    """Return the bytes of memory that a device has, used or free; infinity if that is not known."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    known = [float("inf")]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        known.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    if CGROUP.is_file() and (limit := CGROUP.read_text().strip()).isdecimal():
        known.append(int(limit))
    return min(known)


def require_memory(what: str, size: float, device: torch.device) -> None:
    """Raise TooLargeError if a device has less memory than `size` bytes."""
    available = memory_of(device)
    if size > available:
        raise TooLargeError(f"{what} needs {_in_words(size)}; {device} has {_in_words(available)}")


def build_within_limits(build: Callable[[], T], config: Mapping[str, Any], device: torch.device) -> T:
    """Return the object that a function builds; TooLargeError if its parameters do not fit on a device.

    Args:
        build: Builds a module; it is called twice.
        config: The parts of the configuration that it builds, in which the largest number is named.
        device: The device.

    Raises:
        TooLargeError: If it has too many or too large parameters.
    """
    try:
        try:
            with torch.random.fork_rng([]), torch.device("meta"), _counting(device):
                build()
        except TooLargeError:
            raise
        except Exception:  # it needs numbers, or is wrong, which the second call says
            pass
        with _counting(device):
            return build()
    except Exception as error:
        if isinstance(error, TooLargeError) or is_out_of_memory(error):
            reason = error if isinstance(error, TooLargeError) else "the model does not fit into memory"
            raise TooLargeError(f"{reason}; its largest number is {largest_number(config)}") from error
        raise


@contextmanager
def memory_errors(config: Mapping[str, Any]) -> Iterator[None]:
    """Raise TooLargeError where the objects of a configuration do not fit into memory."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        sizes = {name: config[name] for name in ("env", "memory", "num_envs", "rollout_steps")}
        raise TooLargeError(
            f"the run does not fit into memory; its largest number is {largest_number(sizes)}"
        ) from error


def largest_number(config: Mapping[str, Any]) -> str:
    """Return the name and the value of the largest whole number in a configuration."""
    name, value = max(_numbers("", config), key=lambda item: item[1], default=("none", 0))
    return f"{name}, {value}"


@contextmanager
def _counting(device: torch.device) -> Iterator[None]:
    """Count the parameters, buffers and modules that are made meanwhile; TooLargeError if they are too many."""
    available = memory_of(device)
    tensors: dict[int, Tensor] = {}  # they are held, since the number of one that is gone can be that of another
    modules: dict[int, nn.Module] = {}
    size = 0

    def count_tensor(_: nn.Module, name: str, tensor: Tensor | None) -> None:
        nonlocal size
        if tensor is not None and id(tensor) not in tensors:
            tensors[id(tensor)] = tensor
            size += tensor.nbytes
        if size > available:
            raise TooLargeError(f"the model needs more than {_in_words(size)}; {device} has {_in_words(available)}")

    def count_module(_: nn.Module, name: str, module: nn.Module | None) -> None:
        if module is not None:
            modules[id(module)] = module
        if len(modules) > MAX_MODULES:
            raise TooLargeError(f"the model has more than {MAX_MODULES} modules")

    hooks = (
        registration.register_module_parameter_registration_hook(count_tensor),
        registration.register_module_buffer_registration_hook(count_tensor),
        registration.register_module_module_registration_hook(count_module),
    )
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _numbers(place: str, value: Any) -> Iterator[tuple[str, int]]:
    """Yield the place and the value of every whole number in plain containers."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _numbers(f"{place}.{key}" if place else str(key), part)
    elif isinstance(value, list | tuple):
        for i, part in enumerate(value):
            yield from _numbers(f"{place}[{i}]", part)
    elif isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1:
        yield place, int(value)


def _in_words(size: float) -> str:
    """Return a number of bytes in GB."""
    return f"{size / 1e9:,.1f} GB"
