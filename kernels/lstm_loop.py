"""The recurrence of the LSTM over a whole sequence, with episode starts inside the loop.

Legend: T time, B batch, H units, U of a head (`heads`; one head has all). `gates` holds W_i x + b_i + b_h of every step
(one GEMM, made by the caller).

    h, c = 0 where first                            an episode starts from nothing
    i, f, g, o = gates + W h                        [B, 4H], in this order
    i, f, o = sigmoid(.),  g = tanh(.)              (1)
    c' = f * c + i * g                              (2)
    h' = o * tanh(c')                               (3)

Backward, with d = dL/dh' and e = dL/dc', each what is asked for from outside plus what later steps ask for:

    e    <- e + d * o (1 - tanh(c')^2)                                                          (4)
    dgates = [e * [g i (1 - i),  c f (1 - f),  i (1 - g^2)],  d * tanh(c') o (1 - o)]           (5)
    dL/dh = dgates W,  dL/dc = e * f,  both 0 where first                                       (6)

The factors of (4) and (5) need no recursion and are made for all steps at once; the loop is left with one small
GEMM and seven element-wise operations, and the weight gradient is one GEMM over T B rows.
Cost: 16 T B H U FLOP forward and backward inside the loop, 8 T B H U outside; 6 T B H floats are kept.
"""

import torch
from torch import Tensor
from torch.library import CustomOpDef

from . import heads
from .backend import choose_cell
from .gradients import asked
from .packing import lay_out
from .shapes import require_shapes
from .starts import IN_CACHE


def lstm_loop_reference(gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Equations (1) to (3), step by step, left to autograd."""
    outputs, cells = [], []
    for gates_t, first_t in zip(gates, first, strict=True):
        h, c = h.masked_fill(first_t[:, None], 0), c.masked_fill(first_t[:, None], 0)
        i, f, g, o = (gates_t + heads.linear(h, weight)).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        outputs.append(h)
        cells.append(c)
    return torch.stack(outputs), torch.stack(cells)


@torch.library.custom_op("memorl::lstm_loop", mutates_args=())
def _forward(
    gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return y and the cells [T, B, H], and in the order of computation i, f, g, o [T B, 4H] and tanh(c) [T B, H]."""
    H, runs = h.shape[1], lay_out(first)
    x = runs.take(gates)
    y, cells, squashed, act = *(x.new_empty(len(x), H) for _ in range(3)), torch.empty_like(x)
    product = heads.repeated(weight, H, len(x) // len(runs.sizes), len(runs.sizes))
    h, c = runs.begin(h), runs.begin(c)
    parts = (x, y, cells, squashed, act, act[:, : 2 * H], *act.chunk(4, -1))
    columns = (part.split(runs.sizes) for part in parts)
    for wiped, x_p, h_new, c_new, s, a, i_f, i, f, g, o in zip(runs.wiped, *columns, strict=True):
        h, c = (old[: len(s)] if wiped is None else old.index_fill(0, wiped, 0) for old in (h, c))
        product(h, x_p, a)
        i_f.sigmoid_()
        g.tanh_()
        o.sigmoid_()
        c = torch.mul(f, c, out=c_new).addcmul_(i, g)
        h = torch.mul(o, torch.tanh(c, out=s), out=h_new)
    return runs.put(y, gates), runs.put(cells, gates), act, squashed


@_forward.register_fake
def _(gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    (T, B, _), H = gates.shape, h.shape[1]
    y, cells = (gates.new_empty(T, B, H) for _ in range(2))
    return y, cells, gates.new_empty(T * B, 4 * H), gates.new_empty(T * B, H)


def _factors(act: Tensor, squashed: Tensor, c: Tensor, out: Tensor) -> Tensor:
    """The bracket of (5) without d and e, into out [rows, 4H]; return o (1 - tanh(c')^2) of (4)."""
    (i, f, g, o), (a_i, a_f, a_g, a_o) = act.chunk(4, -1), out.chunk(4, -1)
    for gate, other, a in ((i, g, a_i), (f, c, a_f), (o, squashed, a_o)):
        torch.mul(gate, other, out=a)
    torch.addcmul(i, a_i, g, value=-1, out=a_g)
    to_cell = torch.addcmul(o, a_o, squashed, value=-1)
    for gate, a in ((i, a_i), (f, a_f), (o, a_o)):
        a.addcmul_(a, gate, value=-1)
    return to_cell


@torch.library.custom_op("memorl::lstm_loop_backward", mutates_args=())
def _backward(
    dy: Tensor, dcells: Tensor, y: Tensor, cells: Tensor, act: Tensor, squashed: Tensor, h: Tensor, c: Tensor,
    first: Tensor, weight: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """Return the gradients of the gates, of the first h and c, and of the weight."""
    H, runs = h.shape[1], lay_out(first)
    h_old, c_old = (runs.before(runs.begin(a), runs.take(b)) for a, b in ((h, y), (c, cells)))
    d, e = (x.clone() if runs.order is None else x for x in (runs.take(dy), runs.take(dcells)))
    product = heads.repeated_back(weight, H, len(d) // len(runs.sizes), len(runs.sizes))
    d_gates, dh, dc = torch.empty_like(act), d[:0], e[:0]
    for steps, rows in runs.blocks(IN_CACHE // H):
        to_cell = _factors(act[rows], squashed[rows], c_old[rows], d_gates[rows])
        for p in reversed(steps):
            at = runs.at(p)
            d_p, e_p, d_all = d[at], e[at], d_gates[at]
            d_p[: len(dh)] += dh
            e_p[: len(dc)] += dc
            e_p.addcmul_(d_p, to_cell[at.start - rows.start : at.stop - rows.start])
            d_all[:, : 3 * H].view(-1, 3, H).mul_(e_p.unsqueeze(1))
            d_all[:, 3 * H :].mul_(d_p)
            dh, dc = product(d_all, None, torch.empty_like(d_p)), e_p * act[at, H : 2 * H]
            for carry in (dh, dc):
                runs.wipe_(p, carry)
    return runs.put(d_gates, dy), runs.ended(dh, h), runs.ended(dc, c), heads.outer(d_gates, h_old, weight)


@_backward.register_fake
def _(
    dy: Tensor, dcells: Tensor, y: Tensor, cells: Tensor, act: Tensor, squashed: Tensor, h: Tensor, c: Tensor,
    first: Tensor, weight: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    d_gates = act.new_empty(*first.shape, act.shape[1])
    return d_gates, torch.empty_like(h), torch.empty_like(c), torch.empty_like(weight)


def derive(forward: CustomOpDef, backward: CustomOpDef) -> None:
    """Let one operator be differentiated by the other, where both take and give what the two above do."""

    def save(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
        _, h, c, first, weight = inputs
        ctx.save_for_backward(*output, h, c, first, weight)
        ctx.set_materialize_grads(False)

    def differentiate(ctx, dy: Tensor | None, dcells: Tensor | None, *_: Tensor | None):  # type: ignore[no-untyped-def]
        y, cells, *kept = ctx.saved_tensors
        with torch.autocast(y.device.type, enabled=False):
            d_gates, dh, dc, d_weight = backward(asked(dy, y), asked(dcells, cells), y, cells, *kept)
        return d_gates, dh, dc, None, d_weight

    forward.register_autograd(differentiate, setup_context=save)


derive(_forward, _backward)


def lstm_loop(
    gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor, backend: str = "auto"
) -> tuple[Tensor, Tensor]:
    """Run the LSTM's recurrence, equations (1) to (3).

    Args:
        gates: W_i x + b_i + b_h, [T, B, 4H], in the order i, f, g, o.
        h: The output before the first step, [B, H].
        c: The cell before the first step, [B, H].
        first: True where a step begins an episode, [T, B], bool.
        weight: W of the output, [4H, U]; with one head U is H.
        backend: "reference", "packed" (runs side by side), "compiled" (by Numba, on a CPU, float32), "triton" (a GPU
            from Ampere on), or "auto".

    Returns:
        The output and the cell after every step, both [T, B, H]. Differentiable, once, in all but `first`.

    Raises:
        ValueError: If shapes do not fit, or the backend is unknown or cannot run on these tensors.
    """
    form = choose_cell(backend, gates, first, h, c, weight=weight)
    (T, B), H = gates.shape[:2], h.shape[-1]
    given = {"gates": gates, "h": h, "c": c, "first": first, "weight": weight}
    wanted = {"gates": (T, B, 4 * H), "h": (B, H), "c": (B, H), "first": (T, B)}
    require_shapes("lstm_loop", given, weight=(4 * H, H // heads.count(weight, H)), **wanted)
    if form == "reference":
        with torch.autocast(gates.device.type, enabled=False):
            return lstm_loop_reference(gates, h, c, first, weight)
    if form == "compiled":
        from .lstm_compiled import lstm_loop_compiled

        return lstm_loop_compiled(gates, h, c, first, weight)
    if form == "triton":
        from .lstm_triton import lstm_loop_triton

        return lstm_loop_triton(gates, h, c, first, weight)
    y, cells, _, _ = _forward(gates, h, c, first, weight)
    return y, cells
