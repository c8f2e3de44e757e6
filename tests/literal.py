"""Literal transcriptions of what each memory computes: slow, by the letter, one sequence and one step at a time."""

from collections.abc import Callable

import torch
from torch import Tensor

from memorl.memory import Memory

Run = list[Tensor]
"""The inputs of one episode, each [D]; the transcription returns its outputs, each [H]."""


def none(memory: Memory, run: Run) -> Run:
    return run


def gru(memory: Memory, run: Run) -> Run:
    H = memory.output_size
    (W_r, W_z, W_n), (U_r, U_z, U_n) = memory.weight_ih_l0.split(H), memory.weight_hh_l0.split(H)
    (b_r, b_z, b_n), (c_r, c_z, c_n) = memory.bias_ih_l0.split(H), memory.bias_hh_l0.split(H)
    h, outputs = torch.zeros(H), []
    for x in run:
        r = torch.sigmoid(W_r @ x + b_r + U_r @ h + c_r)
        z = torch.sigmoid(W_z @ x + b_z + U_z @ h + c_z)
        n = torch.tanh(W_n @ x + b_n + r * (U_n @ h + c_n))
        h = (1 - z) * n + z * h
        outputs.append(h)
    return outputs


def lstm(memory: Memory, run: Run) -> Run:
    H = memory.output_size
    W, U = memory.weight_ih_l0.split(H), memory.weight_hh_l0.split(H)
    b, d = memory.bias_ih_l0.split(H), memory.bias_hh_l0.split(H)
    h, c, outputs = torch.zeros(H), torch.zeros(H), []
    for x in run:
        i, f, g, o = (W[k] @ x + b[k] + U[k] @ h + d[k] for k in range(4))
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        outputs.append(h)
    return outputs


def frame_stack(memory: Memory, run: Run) -> Run:
    padded = [torch.zeros_like(run[0])] * (memory.k - 1) + run
    return [torch.cat(padded[t : t + memory.k][::-1]) for t in range(len(run))]


def from_cell(memory: Memory, run: Run) -> Run:
    h, outputs = memory.initial_h, []
    for x in run:
        h = memory.cell.decay * h + x
        outputs.append(torch.tanh(h))
    return outputs


def block(block: Memory, run: Run) -> Run:
    """Of a block around a frame stack."""
    remembered = frame_stack(block.memory, [block.norm(x) for x in run])
    outputs, layer = [], block.feedforward
    for x, y in zip(run, remembered, strict=True):
        u = x + block.project(y)
        gate, value = (layer.widen.weight @ layer.norm(u) + layer.widen.bias).chunk(2)
        outputs.append(u + layer.narrow.weight @ (layer.gate(gate) * value) + layer.narrow.bias)
    return outputs


def stack(memory: Memory, run: Run) -> Run:
    return gru(memory.memories[1], block(memory.memories[0], run))


def deep(memory: Memory, run: Run) -> Run:
    run = [memory.embed.weight @ x + memory.embed.bias for x in run]
    for layer in memory.stack.memories:
        run = block(layer, run)
    return [memory.norm(x) for x in run]


LITERAL: dict[str, Callable[[Memory, Run], Run]] = {
    "none": none,
    "gru": gru,
    "lstm": lstm,
    "frame_stack": frame_stack,
    "from_cell": from_cell,
    "stack": stack,
    "deep": deep,
}
