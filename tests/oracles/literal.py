"""Literal transcriptions of what each memory computes: slow, by the letter, one sequence and one step at a time."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from memorl.memory import Memory

Run = list[Tensor]
"""The inputs of one episode, each [D]; the transcription returns its outputs, each [H]."""


def none(memory: Memory, run: Run) -> Run:
    return run


def whole(weight: Tensor, H: int) -> list[Tensor]:
    """The matrix [H, H] of each gate, of a weight [gates H, H / heads] that has only the blocks of the heads."""
    return [torch.block_diag(*gate.split(weight.shape[1])) for gate in weight.split(H)]


def gru(memory: Memory, run: Run) -> Run:
    H = memory.output_size
    (W_r, W_z, W_n), (U_r, U_z, U_n) = memory.weight_ih_l0.split(H), whole(memory.weight_hh_l0, H)
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
    W, U = memory.weight_ih_l0.split(H), whole(memory.weight_hh_l0, H)
    b, d = memory.bias_ih_l0.split(H), memory.bias_hh_l0.split(H)
    h, c, outputs = torch.zeros(H), torch.zeros(H), []
    for x in run:
        i, f, g, o = (W[k] @ x + b[k] + U[k] @ h + d[k] for k in range(4))
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        outputs.append(h)
    return outputs


def legs(N: int) -> Tensor:
    """A of the scaled Legendre measure, entry by entry."""
    A = torch.zeros(N, N)
    for n in range(N):
        A[n, n] = n + 1
        for m in range(n):
            A[n, m] = ((2 * n + 1) * (2 * m + 1)) ** 0.5
    return A


def legs_step(c: Tensor, u: Tensor, k: int) -> Tensor:
    """The bilinear step of the paper's code for coefficients c [C, N] and samples u [C], k samples after the first."""
    N = c.shape[1]
    A, B, I = legs(N), torch.tensor([(2 * n + 1) ** 0.5 for n in range(N)]), torch.eye(N)  # noqa: E741
    if k == 0:
        return torch.outer(u, I[0])
    return torch.linalg.solve(I + A / (2 * k), (I - A / (2 * k)) @ c.T + torch.outer(B, u) / k).T


def hippo(memory: Memory, run: Run) -> Run:
    (U_x, b), (G_x, V_x) = memory.write_x.parameters(), memory.gates_x.weight.chunk(2)
    (b_g, b_v), (G_c, V_c) = memory.gates_x.bias.chunk(2), memory.gates_c.chunk(2)
    h, c, outputs = torch.zeros(memory.output_size), torch.zeros(memory.channels, memory.order), []
    for k, x in enumerate(run):
        u = U_x @ x + memory.write_h @ h + b
        c = legs_step(c, u, k)
        g = torch.sigmoid(G_x @ x + G_c @ c.flatten() + b_g)
        v = torch.tanh(V_x @ x + V_c @ c.flatten() + b_v)
        h = (1 - g) * h + g * v
        outputs.append(h)
    return outputs


def hippo_linear(memory: Memory, run: Run) -> Run:
    c, outputs = torch.zeros(memory.write.out_features, memory.order), []
    for k, x in enumerate(run):
        c = legs_step(c, memory.write.weight @ x, k)
        outputs.append(memory.read.weight @ c.flatten() + memory.read.bias + memory.skip.weight @ x)
    return outputs


def frame_stack(memory: Memory, run: Run) -> Run:
    padded = [torch.zeros_like(run[0])] * (memory.k - 1) + run
    return [torch.cat(padded[t : t + memory.k][::-1]) for t in range(len(run))]


def elstm(memory: Memory, run: Run) -> Run:
    c, outputs = torch.zeros(memory.output_size), []
    (W_x, W_c), b_o = memory.gate.weight.split([memory.input_size, memory.output_size], 1), memory.gate.bias
    for x in run:
        f = torch.sigmoid(memory.F @ x + memory.w_f * c + memory.b_f)
        z = torch.tanh(memory.Z @ x + memory.w_z * c + memory.b_z)
        c = f * c + (1 - f) * z
        o = torch.sigmoid(W_x @ x + W_c @ c + b_o)
        outputs.append(o * c)
    return outputs


def diagonal_gru(memory: Memory, run: Run) -> Run:
    h, outputs = torch.zeros(memory.hidden_size), []
    for x in run:
        r = torch.sigmoid(memory.W_r @ x + memory.u_r * h + memory.b_r)
        z = torch.sigmoid(memory.W_z @ x + memory.u_z * h + memory.b_z)
        n = torch.tanh(memory.W_n @ x + memory.u_n * (r * h) + memory.b_n)
        h = (1 - z) * n + z * h
        outputs.append(h)
    return outputs


def diagonal_lstm(memory: Memory, run: Run) -> Run:
    h, c, outputs = torch.zeros(memory.hidden_size), torch.zeros(memory.hidden_size), []
    for x in run:
        i = torch.sigmoid(memory.W_i @ x + memory.u_i * h + memory.b_i)
        f = torch.sigmoid(memory.W_f @ x + memory.u_f * h + memory.b_f)
        g = torch.tanh(memory.W_g @ x + memory.u_g * h + memory.b_g)
        o = torch.sigmoid(memory.W_o @ x + memory.u_o * h + memory.b_o)
        c = f * c + i * g
        h = o * torch.tanh(c)
        outputs.append(h)
    return outputs


def indrnn(memory: Memory, run: Run) -> Run:
    h, outputs = torch.zeros(memory.output_size), []
    for x in run:
        h = torch.relu(memory.W @ x + memory.u * h + memory.b)
        outputs.append(h)
    return outputs


def mingru(memory: Memory, run: Run) -> Run:
    h, outputs = torch.zeros(memory.output_size), []
    for x in run:
        z = torch.sigmoid(memory.z.weight @ x + memory.z.bias)
        h = (1 - z) * h + z * (memory.n.weight @ x + memory.n.bias)
        outputs.append(h)
    return outputs


def lru(memory: Memory, run: Run) -> Run:
    B, C = torch.complex(memory.B_re, memory.B_im), torch.complex(memory.C_re, memory.C_im)
    lam = torch.exp(torch.complex(-torch.exp(memory.nu), torch.exp(memory.theta)))
    h, outputs = torch.zeros(memory.hidden_size, dtype=lam.dtype), []
    for x in run:
        h = lam * h + torch.exp(memory.log_gamma) * (B @ x.to(B.dtype))
        outputs.append((C @ h).real + memory.D @ x)
    return outputs


def rtu(memory: Memory, run: Run) -> Run:
    act = {"tanh": torch.tanh, "relu": torch.relu}[memory.activation]
    r, angle = torch.exp(-torch.exp(memory.nu)), torch.exp(memory.theta)
    g, phi, gamma = r * torch.cos(angle), r * torch.sin(angle), torch.sqrt(1 - r**2)
    h_1, h_2, outputs = torch.zeros(memory.hidden_size), torch.zeros(memory.hidden_size), []
    for x in run:
        p_1 = g * h_1 - phi * h_2 + gamma * (memory.W_1 @ x)
        p_2 = g * h_2 + phi * h_1 + gamma * (memory.W_2 @ x)
        h_1, h_2 = (act(p_1), act(p_2)) if memory.nonlinear else (p_1, p_2)
        outputs.append(torch.cat([act(p_1), act(p_2)]))
    return outputs


def from_cell(memory: Memory, run: Run) -> Run:
    h, outputs = memory.initial_h, []
    for x in run:
        h = memory.cell.decay * h + x
        outputs.append(torch.tanh(h))
    return outputs


def trxl(memory: Memory, run: Run) -> Run:
    """Token by token; every token keeps, for each layer, what it shows to those after it."""
    D, H = memory.output_size, memory.blocks[0].attention.heads
    E, seen, outputs = D // H, [], []

    def sinusoid(n: int) -> Tensor:
        w = [10_000 ** (-2 * i / D) for i in range(D // 2)]
        return torch.tensor([math.sin(n * w_i) for w_i in w] + [math.cos(n * w_i) for w_i in w])

    def turn(x: Tensor, n: int) -> Tensor:
        a, b = x[: E // 2], x[E // 2 :]
        w = [10_000 ** (-2 * i / E) for i in range(E // 2)]
        cos, sin = (torch.tensor([f(n * w_i) for w_i in w]) for f in (math.cos, math.sin))
        return torch.cat([a * cos - b * sin, a * sin + b * cos])

    def join(module: torch.nn.Module, h: Tensor, a: Tensor) -> Tensor:
        if not hasattr(module, "of_branch"):
            return h + a
        (W_r, W_z, W_n), (U_r, U_z), U_n = (
            module.of_branch.weight.split(D), module.of_input.weight.split(D), module.of_reset.weight,
        )  # fmt: skip
        y = torch.relu(a)
        r = torch.sigmoid(W_r @ y + U_r @ h)
        z = torch.sigmoid(W_z @ y + U_z @ h - module.bias)
        return (1 - z) * h + z * torch.tanh(W_n @ y + U_n @ (r * h))

    def attend(att: torch.nn.Module, t: int, past: list[tuple[int, Tensor]]) -> Tensor:
        (K, V), parts = att.key_value.weight.split(D), []
        q, z = att.query.weight @ past[-1][1], [z for _, z in past]
        for i in (slice(head * E, head * E + E) for head in range(H)):
            logits = []
            for s, z_s in past:
                k = (K @ z_s)[i]
                if memory.positions == "rotary":
                    logit = turn(q[i], t) @ turn(k, s)
                elif memory.positions == "relative":
                    u, v = att.content_bias[i.start // E], att.distance_bias[i.start // E]
                    logit = (q[i] + u) @ k + (q[i] + v) @ (att.distance.weight @ sinusoid(t - s))[i]
                else:
                    logit = q[i] @ k
                logits.append(logit / math.sqrt(E))
            weights = torch.softmax(torch.stack(logits), 0)
            parts.append(sum(w * (V @ z_s)[i] for w, z_s in zip(weights, z, strict=True)))
        return att.out.weight @ torch.cat(parts) + att.out.bias

    for t, x in enumerate(run):
        h = memory.embed(x)
        seen.append([])
        for layer, block in enumerate(memory.blocks[j] for j in memory.order):
            norms, pre = block.norms, block.pre
            z = h
            if memory.positions == "absolute":
                z = h + sinusoid(t)
            if memory.positions == "learned":
                z = h + memory.table[min(t, len(memory.table) - 1)]
            seen[t].append(norms[0](z) if pre else z)
            past = [(s, seen[s][layer]) for s in range(max(0, t - memory.window), t + 1)]
            h = join(block.joins[0], h, attend(block.attention, t, past))
            h = h if pre else norms[0](h)
            h = join(block.joins[1], h, block.mlp(norms[1](h) if pre else h))
            h = h if pre else norms[1](h)
        outputs.append(h)
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


def parallel(memory: Memory, run: Run) -> Run:
    below, above = memory.memories
    left = frame_stack(below, [x[: below.input_size] for x in run])
    right = gru(above, [x[below.input_size :] for x in run])
    return [torch.cat(pair) for pair in zip(left, right, strict=True)]


def deep(memory: Memory, run: Run) -> Run:
    run = [memory.embed.weight @ x + memory.embed.bias for x in run]
    for layer in memory.stack.memories:
        run = block(layer, run)
    return [memory.norm(x) for x in run]


def own_package(memory: Memory, run: Run) -> Run:
    h = torch.zeros(memory.output_size)
    out = []
    for x in run:
        h = memory.decay * h + (1 - memory.decay) * (memory.write.weight @ x)
        out.append(torch.tanh(memory.read.weight @ h + memory.read.bias))
    return out


LITERAL: dict[str, Callable[[Memory, Run], Run]] = {
    "none": none,
    "gru": gru,
    "lstm": lstm,
    "hippo": hippo,
    "hippo_linear": hippo_linear,
    "frame_stack": frame_stack,
    "elstm": elstm,
    "diagonal_gru": diagonal_gru,
    "diagonal_lstm": diagonal_lstm,
    "indrnn": indrnn,
    "mingru": mingru,
    "lru": lru,
    "rtu": rtu,
    "from_cell": from_cell,
    "trxl": trxl,
    "gtrxl": trxl,
    "stack": stack,
    "parallel": parallel,
    "deep": deep,
    "own_package": own_package,
}
