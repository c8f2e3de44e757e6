"""The recurrence of the LSTM over a whole sequence, with episode starts inside the loop.

Legend: T time, B batch, H units. `gates` holds W_i x + b_i + b_h of every step (one GEMM, made by the caller).

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
Cost: 16 T B H^2 FLOP forward and backward inside the loop, 8 T B H^2 outside; 6 T B H floats are kept.
"""

import torch
from torch import Tensor

from .backend import choose
from .packing import pack
from .repeated_linear import repeated_linear


def lstm_loop_reference(gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Equations (1) to (3), step by step, left to autograd."""
    outputs, cells = [], []
    for gates_t, first_t in zip(gates, first, strict=True):
        h, c = h.masked_fill(first_t[:, None], 0), c.masked_fill(first_t[:, None], 0)
        i, f, g, o = (gates_t + h @ weight.t()).chunk(4, -1)
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
    H, runs = h.shape[1], pack(first)
    x = runs.take(gates)
    y, cells, squashed, act = *(x.new_empty(len(x), H) for _ in range(3)), torch.empty_like(x)
    product = repeated_linear(weight, None, len(x) // len(runs.sizes), len(runs.sizes))
    h, c = runs.begin(h), runs.begin(c)
    parts = (x, y, cells, squashed, act, act[:, : 2 * H], *act.chunk(4, -1))
    columns = (part.split(runs.sizes) for part in parts)
    for n_runs, x_p, h_new, c_new, s, a, i_f, i, f, g, o in zip(runs.sizes, *columns, strict=True):
        torch.add(x_p, product(h[:n_runs]), out=a)
        i_f.sigmoid_()
        g.tanh_()
        o.sigmoid_()
        c = torch.mul(f, c[:n_runs], out=c_new).addcmul_(i, g)
        h = torch.mul(o, torch.tanh(c, out=s), out=h_new)
    return runs.put(y, gates), runs.put(cells, gates), act, squashed


@_forward.register_fake
def _(gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    (T, B, _), H = gates.shape, h.shape[1]
    y, cells = (gates.new_empty(T, B, H) for _ in range(2))
    return y, cells, gates.new_empty(T * B, 4 * H), gates.new_empty(T * B, H)


@torch.library.custom_op("memorl::lstm_loop_backward", mutates_args=())
def _backward(
    dy: Tensor,
    dcells: Tensor,
    y: Tensor,
    cells: Tensor,
    act: Tensor,
    squashed: Tensor,
    h: Tensor,
    c: Tensor,
    first: Tensor,
    weight: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, of the first h and c, and of the weight."""
    H, runs = h.shape[1], pack(first)
    h_old, c_old = (runs.before(runs.begin(a), runs.take(b)) for a, b in ((h, y), (c, cells)))
    i, f, g, o = act.chunk(4, -1)
    to_cell = o * (1 - squashed * squashed)
    to_ifg = torch.cat([g * i * (1 - i), c_old * f * (1 - f), i * (1 - g * g)], -1).view(-1, 3, H)
    to_o = squashed * o * (1 - o)
    d, e, d_gates = runs.take(dy), runs.take(dcells), torch.empty_like(act)
    product = repeated_linear(weight.t(), None, len(d) // len(runs.sizes), len(runs.sizes))
    dh, dc = d[:0], e[:0]
    parts = (d, e, f, to_cell, to_ifg, to_o, d_gates, d_gates.view(-1, 4, H)[:, :3], d_gates[:, 3 * H :])
    columns = (part.split(runs.sizes) for part in parts)
    for d_p, e_p, f_p, k_c, k_ifg, k_o, d_all, d_ifg, d_o in reversed(list(zip(*columns, strict=True))):
        d_p[: len(dh)] += dh
        e_p[: len(dc)] += dc
        e_p = torch.addcmul(e_p, d_p, k_c)
        torch.mul(k_ifg, e_p.unsqueeze(1), out=d_ifg)
        torch.mul(k_o, d_p, out=d_o)
        dh, dc = product(d_all), e_p * f_p
    return runs.put(d_gates, dy), runs.ended(dh, h), runs.ended(dc, c), d_gates.t() @ h_old


@_backward.register_fake
def _(
    dy: Tensor,
    dcells: Tensor,
    y: Tensor,
    cells: Tensor,
    act: Tensor,
    squashed: Tensor,
    h: Tensor,
    c: Tensor,
    first: Tensor,
    weight: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    d_gates = act.new_empty(*first.shape, act.shape[1])
    return d_gates, torch.empty_like(h), torch.empty_like(c), torch.empty_like(weight)


def _save(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    _, h, c, first, weight = inputs
    ctx.save_for_backward(*output, h, c, first, weight)


def _differentiate(ctx, dy: Tensor, dcells: Tensor, *_: Tensor):  # type: ignore[no-untyped-def]
    with torch.autocast(dy.device.type, enabled=False):
        d_gates, dh, dc, d_weight = _backward(dy, dcells, *ctx.saved_tensors)
    return d_gates, dh, dc, None, d_weight


_forward.register_autograd(_differentiate, setup_context=_save)


def lstm_loop(
    gates: Tensor, h: Tensor, c: Tensor, first: Tensor, weight: Tensor, backend: str = "auto"
) -> tuple[Tensor, Tensor]:
    """Run the LSTM's recurrence, equations (1) to (3).

    Args:
        gates: W_i x + b_i + b_h, [T, B, 4H], in the order i, f, g, o.
        h: The output before the first step, [B, H].
        c: The cell before the first step, [B, H].
        first: True where a step begins an episode, [T, B], bool.
        weight: W of the output, [4H, H].
        backend: "reference", "packed" (runs side by side), "triton" (a GPU from Ampere on), or "auto".

    Returns:
        The output and the cell after every step, both [T, B, H]. Differentiable, once, in all but `first`.

    Raises:
        ValueError: If the backend is unknown or cannot run on these tensors.
    """
    form = choose(backend, weight, gates, h, c)
    if form == "reference":
        return lstm_loop_reference(gates, h, c, first, weight)
    if form == "triton":
        from .lstm_triton import lstm_loop_triton

        return lstm_loop_triton(gates, h, c, first, weight)
    y, cells, _, _ = _forward(gates, h, c, first, weight)
    return y, cells
