"""Write the step of a trained policy as a program that runs where this library is not installed.

A `.pt2` file is torch.export's and needs torch; an `.onnx` file runs in onnxruntime and its kind. Before a file is kept
it is read again and runs for some steps beside the policy, with random observations and episode starts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.fx import Node
from torch.utils._pytree import tree_leaves

from memorl.agents import Policy
from memorl.agents.policy_program import PolicyProgram, make_program, random_inputs
from memorl.memory.checks import require_choice

from .files import replace_file
from .program_files import Format, Program, read_program, write_program
from .schema import Constructor

CHECKED_STEPS = 50
CHECKED_ROWS = 5
"""Steps and environments of the comparison with the policy."""

MAX_DIFFERENCE = 1e-3
"""A file whose numbers differ by more is not kept."""


@dataclass(frozen=True)
class ExportSettings:
    """The settings of an export."""

    run: str | None
    format: Format
    file: str | None
    best: bool
    greedy: bool
    action_mask: bool
    trust: bool

    def __post_init__(self) -> None:
        require_choice(Format, format=self.format)
        if self.run is None:
            raise ValueError("run is missing; it must be a run folder or a checkpoint in one")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "ExportSettings":
        """Return the settings of a configuration; ValueError names a key or a value that is not allowed."""
        return Constructor("", cls, config).build()


class Exported(NamedTuple):
    """What was written."""

    file: Path
    inputs: dict[str, str]
    """The type and shape of what goes in, by name."""
    outputs: dict[str, str]
    """The type and shape of what comes out, by name."""
    difference: float
    """The largest difference of the program's numbers from the policy's, in parts of each tensor's largest above 1."""


def export_policy(policy: Policy, file: str | Path, format: Format = "onnx", action_mask: bool = False) -> Exported:
    """Write the step of a policy, with its state explicit; `PolicyStep` says what goes in and comes out.

    Args:
        policy: The policy, which stays as it is; the program of one that is not greedy takes random numbers.
        file: The file.
        format: "onnx", or "pt2", the format of torch.export.
        action_mask: Add an input for masks of actions that are not in the observations.

    Raises:
        ValueError: If the format is unknown, a package is missing, or there is nothing to mask.
        RuntimeError: If the program does not compute what the policy computes.
        OSError: If the file cannot be written.
    """
    require_choice(Format, format=format)
    made = make_program(policy, action_mask)
    content = write_program(made, format)
    difference = compare_program(made, read_program(content, format))
    if not difference <= MAX_DIFFERENCE:
        raise RuntimeError(f"the numbers of the exported program differ from the policy's by {difference:.2g}")
    path = Path(file)
    with replace_file(path) as target:
        target.write(content)
    placeholders = [node for node in made.program.graph.nodes if node.op == "placeholder"]
    entering = placeholders[len(placeholders) - len(made.inputs) :]
    leaving = made.program.graph.output_node().all_input_nodes
    return Exported(path, _in_words(made.inputs, entering), _in_words(made.outputs, leaving), difference)


@torch.no_grad()
def compare_program(made: PolicyProgram, program: Program) -> float:
    """Return the largest difference over some steps, of which each side goes on with its own state; see `Exported`."""
    random = np.random.default_rng(0)
    state = made.step.initial_state(CHECKED_ROWS)
    theirs = list(state.values())
    worst = 0.0
    for t in range(CHECKED_STEPS):
        first = torch.from_numpy(random.random(CHECKED_ROWS) < 0.1) | (t == 0)
        arguments, more = random_inputs(made.step, made.extra, first, state, random)
        action, state = made.step(*arguments, **more)
        found = program([*tree_leaves(arguments[0]), *theirs, first, *more.values()])
        theirs = list(found[len(found) - len(state) :])
        for x, y in zip([*tree_leaves(action), *state.values()], found, strict=True):
            worst = max(worst, _difference(x.double(), y.double()))
    return worst


def _difference(x: Tensor, y: Tensor) -> float:
    return ((x - y).abs().max() / x.abs().max().clamp(min=1)).item()


def _in_words(names: Sequence[str], nodes: Sequence[Node]) -> dict[str, str]:
    """Return the type and shape of tensors by name; the first dimension of each is the environments."""
    values = [node.meta["val"] for node in nodes]
    shapes = [", ".join(["N", *map(str, x.shape[1:])]) for x in values]
    kinds = [str(x.dtype).removeprefix("torch.") for x in values]
    return {name: f"{kind} [{shape}]" for name, kind, shape in zip(names, kinds, shapes, strict=True)}
