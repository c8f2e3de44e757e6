"""The recurrence of the GRU over a whole sequence, with episode starts inside the loop.

Legend: T time, B batch, H units, U of a head (`heads`; one head has all). `gates` holds W_i x + b_i of every step
(one GEMM, made by the caller).

    h  = 0 where first, else h                      an episode starts from nothing
    g  = W h + b                                    [B, 3H], in the order r, z, n
    r  = sigmoid(gates_r + g_r)                     (1)
    z  = sigmoid(gates_z + g_z)                     (2)
    n  = tanh(gates_n + r * g_n)                    (3)
    h' = n + z * (h - n)                            (4)

Backward, with d = dL/dh' (what the output asks for plus what the later steps ask for):

    dg = d * [A_n g_n r (1 - r),  (h - n) z (1 - z),  A_n r],   A_n = (1 - z) (1 - n^2)      (5)
    dL/dh = dg W + d * z,  0 where first                                                      (6)

The bracket of (5) needs no recursion, so it is made for all steps at once; the loop is left with one
small GEMM and four element-wise operations, and the weight gradient is one GEMM over T B rows.
Cost: 12 T B H U FLOP forward and backward inside the loop, 6 T B H U outside; 6 T B H floats are kept.
"""

import torch
from torch import Tensor
from torch.library import CustomOpDef

from . import heads
from .backend import choose_cell
from .gradients import asked
from .packing import are_many, lay_out
from .shapes import require_shapes
from .starts import IN_CACHE


def gru_loop_reference(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Equations (1) to (4), step by step, left to autograd."""
    outputs = []
    for gates_t, first_t in zip(gates, first, strict=True):
        h = h.masked_fill(first_t[:, None], 0)
        i_r, i_z, i_n = gates_t.chunk(3, -1)
        g_r, g_z, g_n = heads.linear(h, weight, bias).chunk(3, -1)
        r, z = torch.sigmoid(i_r + g_r), torch.sigmoid(i_z + g_z)
        n = torch.tanh(i_n + r * g_n)
        h = n + z * (h - n)
        outputs.append(h)
    return torch.stack(outputs)


@torch.library.custom_op("memorl::gru_loop", mutates_args=())
def _forward(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return y [T, B, H], and in the order of computation the activations r, z, n and the terms g, both [T B, 3H]."""
    H, runs = h.shape[1], lay_out(first)
    x = runs.take(gates)
    y, act, rec = x.new_empty(len(x), H), torch.empty_like(x), torch.empty_like(x)
    product, h = heads.repeated(weight, H, len(x) // len(runs.sizes), len(runs.sizes)), runs.begin(h)
    gs = (rec, rec[:, : 2 * H], rec[:, 2 * H :])
    acts = (act[:, : 2 * H], act[:, :H], act[:, H : 2 * H], act[:, 2 * H :])
    columns = (part.split(runs.sizes) for part in (x[:, : 2 * H], x[:, 2 * H :], y, *gs, *acts))
    for wiped, i_rz, i_n, h_new, g, g_rz, g_n, rz, r, z, n in zip(runs.wiped, *columns, strict=True):
        h = h[: len(r)] if wiped is None else h.index_fill(0, wiped, 0)
        product(h, bias, g)
        torch.add(i_rz, g_rz, out=rz).sigmoid_()
        torch.addcmul(i_n, r, g_n, out=n).tanh_()
        h = torch.lerp(n, h, z, out=h_new)
    return runs.put(y, gates), act, rec


@_forward.register_fake
def _(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    (T, B, _), H = gates.shape, h.shape[1]
    return gates.new_empty(T, B, H), gates.new_empty(T * B, 3 * H), gates.new_empty(T * B, 3 * H)


def _factors(act: Tensor, g_n: Tensor, h: Tensor, out: Tensor) -> None:
    """What d is multiplied by in (5), A_n r, and the two before it, and last A_n alone, into out [rows, 4H]."""
    (r, z, n), (a_nr, a_r, a_z, a_n) = act.chunk(3, -1), out.chunk(4, -1)
    torch.addcmul(a_n.fill_(1), n, n, value=-1, out=a_n)
    a_n.addcmul_(z, a_n, value=-1)
    torch.mul(a_n, r, out=a_nr)
    torch.mul(a_nr, g_n, out=a_r)
    a_r.addcmul_(a_r, r, value=-1)
    torch.sub(h, n, out=a_z).mul_(z)
    a_z.addcmul_(a_z, z, value=-1)


@torch.library.custom_op("memorl::gru_loop_backward", mutates_args=())
def _backward(
    dy: Tensor, y: Tensor, act: Tensor, rec: Tensor, h: Tensor, first: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the first state, the weight and the bias.

    What becomes of g_n and of gates_n lie at the two ends of a row [4H], what both have in common between them: so
    dg and dgates are two views of the same memory, and the rows of the weight are turned to fit.
    """
    H, runs = h.shape[1], lay_out(first)
    h_old, d = runs.before(runs.begin(h), runs.take(y)), runs.take(dy)
    d = d.clone() if runs.order is None else d
    product = heads.repeated_back(weight.roll(H, 0), H, len(d) // len(runs.sizes), len(runs.sizes))
    out, carry = d.new_empty(len(d), 4 * H), d[:0]
    for steps, rows in runs.blocks(IN_CACHE // H):
        _factors(act[rows], rec[rows, 2 * H :], h_old[rows], out[rows])
        for p in reversed(steps):
            at = runs.at(p)
            d_p, out_p = d[at], out[at]
            d_p[: len(carry)] += carry
            out_p.view(-1, 4, H).mul_(d_p.unsqueeze(1))
            carry = product(out_p[:, : 3 * H], d_p * act[at, H : 2 * H], torch.empty_like(d_p))
            runs.wipe_(p, carry)
    dg = out[:, : 3 * H]
    d_gates = runs.put(out[:, H:], dy)
    d_gates = d_gates if are_many(first) else d_gates.contiguous()
    return d_gates, runs.ended(carry, h), heads.outer(dg, h_old, weight).roll(-H, 0), dg.sum(0).roll(-H)


@_backward.register_fake
def _(
    dy: Tensor, y: Tensor, act: Tensor, rec: Tensor, h: Tensor, first: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    (T, B), H = first.shape, h.shape[1]
    out = act.new_empty(T, B, 4 * H)[..., H:]
    d_gates = out if are_many(first) else torch.empty_like(out, memory_format=torch.contiguous_format)
    return d_gates, torch.empty_like(h), torch.empty_like(weight), weight.new_empty(len(weight))


def derive(forward: CustomOpDef, backward: CustomOpDef) -> None:
    """Let one operator be differentiated by the other, where both take and give what the two above do."""

    def save(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
        _, h, first, weight, _ = inputs
        ctx.save_for_backward(*output, h, first, weight)
        ctx.set_materialize_grads(False)

    def differentiate(ctx, dy: Tensor | None, *_: Tensor | None):  # type: ignore[no-untyped-def]
        y, *kept = ctx.saved_tensors
        with torch.autocast(y.device.type, enabled=False):
            d_gates, dh, d_weight, d_bias = backward(asked(dy, y), y, *kept)
        return d_gates, dh, None, d_weight, d_bias

    forward.register_autograd(differentiate, setup_context=save)


derive(_forward, _backward)


def gru_loop(gates: Tensor, h: Tensor, first: Tensor, weight: Tensor, bias: Tensor, backend: str = "auto") -> Tensor:
    """Run the GRU's recurrence, equations (1) to (4).

    Args:
        gates: W_i x + b_i, [T, B, 3H], in the order r, z, n.
        h: The state before the first step, [B, H].
        first: True where a step begins an episode, [T, B], bool.
        weight: W of the state, [3H, U]; with one head U is H.
        bias: b of the state, [3H].
        backend: "reference", "packed" (runs side by side), "compiled" (by Numba, on a CPU, float32), "triton" (a GPU
            from Ampere on), or "auto".

    Returns:
        The state after every step, [T, B, H]. Differentiable, once, in all but `first`.

    Raises:
        ValueError: If shapes do not fit, or the backend is unknown or cannot run on these tensors.
    """
    form = choose_cell(backend, gates, first, h, bias, weight=weight)
    (T, B), H = gates.shape[:2], h.shape[-1]
    given = {"gates": gates, "h": h, "first": first, "weight": weight, "bias": bias}
    wanted = {"gates": (T, B, 3 * H), "h": (B, H), "first": (T, B), "bias": (3 * H,)}
    require_shapes("gru_loop", given, weight=(3 * H, H // heads.count(weight, H)), **wanted)
    if form == "reference":
        with torch.autocast(gates.device.type, enabled=False):
            return gru_loop_reference(gates, h, first, weight, bias)
    if form == "compiled":
        from .gru_compiled import gru_loop_compiled

        return gru_loop_compiled(gates, h, first, weight, bias)
    if form == "triton":
        from .gru_triton import gru_loop_triton

        return gru_loop_triton(gates, h, first, weight, bias)
    return _forward(gates, h, first, weight, bias)[0]
