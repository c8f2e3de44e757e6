"""The formats of an exported program: how each is written, and how it is read again and run.

Legend: a program is a function of the tensors that go in, in their order, which returns those that come out.
"""

import io
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_unflatten

from memorl.agents.policy_program import PolicyProgram

from .packages import require_packages

Format = Literal["onnx", "pt2"]

Program = Callable[[Sequence[Tensor]], Sequence[Tensor]]


def write_program(made: PolicyProgram, format: Format) -> bytes:
    """Return the content of a file.

    Raises:
        ValueError: If a package is missing.
    """
    if format == "pt2":
        buffer = io.BytesIO()
        with _quiet():
            torch.export.save(made.program, buffer)
        return buffer.getvalue()
    require_packages("onnx", "onnx", "onnxscript")
    with _quiet():
        names = {"input_names": list(made.inputs), "output_names": list(made.outputs)}
        converted = torch.onnx.export(made.program, verbose=False, **names)  # type: ignore[arg-type]
    assert converted is not None
    return converted.model_proto.SerializeToString()


def read_program(content: bytes, format: Format) -> Program:
    """Return the program of a file's content.

    Raises:
        ValueError: If a package is missing.
    """
    return _read_pt2(content) if format == "pt2" else _read_onnx(content)


def _read_pt2(content: bytes) -> Program:
    with _quiet():
        program = torch.export.load(io.BytesIO(content))
    module = program.module()
    assert program.call_spec.in_spec is not None
    spec = program.call_spec.in_spec

    def run(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        arguments, more = tree_unflatten(list(tensors), spec)
        return tree_leaves(module(*arguments, **more))

    return run


def _read_onnx(content: bytes) -> Program:
    require_packages("onnx", "onnxruntime")
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]

    def run(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        feed = dict(zip(names, (x.numpy() for x in tensors), strict=True))
        return [torch.from_numpy(np.asarray(x)) for x in session.run(None, feed)]

    return run


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide what torch says of packages that it does not need, of other devices, and of its own reading of files."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
