"""The step of a policy as a program of torch.export, with the names of its inputs and outputs.

Legend: N environments, any number from 1 on; C choices of all discrete branches together, A coordinates.

What acts does not read all of the state: not the sensitivities of real-time recurrent learning, for one. Such tensors
are left out. They are found in the graph of the program: a tensor of the state is needed if an action depends on it, or
the next value of a tensor that is needed.
"""

import copy
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor
from torch.export import Dim, ExportedProgram
from torch.fx import Node
from torch.utils._pytree import tree_map, tree_unflatten

from memorl.memory import State

from .observations import ENTRY, flatten_entries
from .policy import Policy
from .policy_step import PolicyStep

TRACED_ROWS = 7
"""The number N of environments while the program is made; 1 would be taken for a constant."""


class PolicyProgram(NamedTuple):
    """A program, and what goes in and comes out."""

    step: PolicyStep
    program: ExportedProgram
    extra: tuple[str, ...]
    """The names of the arguments after `first`: `reward`, `noise`, `action_mask`, or some of them."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the names of the tensors that go in: `obs` or `obs.<entry>`, `state.<name>`, `first`, and the rest."""
        entries = self.step.interface.space.spaces
        names = ["obs"] if list(entries) == [ENTRY] else [f"obs.{name}" for name in entries]
        return (*names, *(f"state.{name}" for name in self.step.state_names), "first", *self.extra)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return the names of the tensors that come out: `action` or `action.<part>`, and `next_state.<name>`."""
        parts = flatten_entries(_as_containers(self.step.interface.actions.space))
        names = ["action"] if list(parts) == [ENTRY] else [f"action.{name}" for name in parts]
        return (*names, *(f"next_state.{name}" for name in self.step.state_names))


def make_program(policy: Policy, action_mask: bool = False) -> PolicyProgram:
    """Return the program of a policy's step on a CPU.

    Args:
        policy: The policy, which stays as it is; the program of one that is not greedy has an input `noise`.
        action_mask: Add an input for masks of actions that are not in the observations.

    Raises:
        ValueError: If there is nothing to mask, or the mask is in the observations.
    """
    interface = copy.deepcopy(policy.interface)
    interface.device = torch.device("cpu")
    if action_mask and (interface.masks.entries or not interface.actions.choices):
        reason = "the observations have a mask" if interface.masks.entries else "no action is a choice"
        raise ValueError(f"action_mask is true; it must be false, since {reason}")
    step = PolicyStep(policy.model.copy_actor().cpu().requires_grad_(False), interface)
    extra = ("reward",) * interface.last_reward + ("noise",) * (not policy.greedy) + ("action_mask",) * action_mask
    program = _trace(step, extra)
    if (needed := _find_needed(program, step.state_names)) != step.state_names:
        step = PolicyStep(step.model, interface, needed)
        program = _trace(step, extra)
    return PolicyProgram(step, program, extra)


def random_inputs(
    step: PolicyStep, extra: Sequence[str], first: Tensor, state: State, random: np.random.Generator
) -> tuple[tuple[Any, State, Tensor], dict[str, Tensor]]:
    """Return arguments of a step: observations of the space, and what `extra` names, for `first` [N]."""
    N = first.shape[0]
    choices = sum(step.interface.actions.choices)
    obs = {}
    for name, space in step.interface.space.items():
        space.seed(int(random.integers(1 << 31)))
        obs[name] = step.interface.to_tensor(np.stack([space.sample() for _ in range(N)]))
    noise = random.random((N, step.interface.actions.feature_size)).clip(1e-6)
    noise[:, choices:] = random.standard_normal((N, noise.shape[1] - choices))
    more = {
        "reward": random.standard_normal(N).astype(np.float32),
        "noise": noise.astype(np.float32),
        "action_mask": random.random((N, choices)) < 0.8,
    }
    arguments = (obs[ENTRY] if list(obs) == [ENTRY] else obs, state, first)
    return arguments, {name: torch.from_numpy(more[name]) for name in extra}


def _trace(step: PolicyStep, extra: Sequence[str]) -> ExportedProgram:
    first = torch.ones(TRACED_ROWS, dtype=torch.bool)
    state = step.initial_state(TRACED_ROWS)
    arguments, more = random_inputs(step, extra, first, state, np.random.default_rng(0))
    N = Dim("N")
    named = dict(zip(("obs", "state", "first"), arguments, strict=True)) | more
    with torch.no_grad():
        traced = torch.export.export(step, arguments, more, dynamic_shapes=tree_map(lambda _: {0: N}, named))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # torch 2.11 copies what it deprecates
            program = traced.run_decompositions({})  # without writes in place, so that unused nodes are seen as such
    for node in list(program.graph.nodes):
        if node.target is torch.ops.aten._assert_tensor_metadata.default:
            program.graph.erase_node(node)
    program.graph.eliminate_dead_code()
    program.graph_module.recompile()
    return program


def _find_needed(program: ExportedProgram, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the tensors of the state that the actions depend on, at this step or a later one."""
    nodes = {node.name: node for node in program.graph.nodes}
    inputs = [nodes[str(name)] for name in program.graph_signature.user_inputs]
    outputs = [nodes[str(name)] for name in program.graph_signature.user_outputs]
    (_, before, _), _ = tree_unflatten(inputs, program.call_spec.in_spec)
    actions, after = outputs[: len(outputs) - len(names)], outputs[len(outputs) - len(names) :]
    following = dict(zip(names, after, strict=True))
    needed: set[str] = set()
    reached = _ancestors(actions)
    while found := {name for name in names if before[name] in reached} - needed:
        needed |= found
        reached |= _ancestors([following[name] for name in found])
    return tuple(name for name in names if name in needed)


def _ancestors(nodes: Sequence[Node]) -> set[Node]:
    """Return the nodes that some nodes depend on, with these."""
    reached: set[Node] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        is_size = node.target is torch.ops.aten.sym_size.int
        if node not in reached and not is_size:
            reached.add(node)
            waiting.extend(node.all_input_nodes)
    return reached


def _as_containers(space: spaces.Space) -> Any:
    """Return a space as dictionaries and tuples of its innermost parts."""
    if isinstance(space, spaces.Dict):
        return {name: _as_containers(part) for name, part in space.items()}
    return tuple(map(_as_containers, space)) if isinstance(space, spaces.Tuple) else space
