"""Transformer-XL (Dai et al., 2019, https://arxiv.org/abs/1901.02860) as the memory of an agent, in the manner of the
Memory Gym agents (Pleines et al., 2025, https://arxiv.org/abs/2309.17207), and GTrXL by its gate.

Legend: T time, B batch, W window, D width of the transformer, N layers; t a step, n_t steps since its episode began.

    h^0_t = x_t, through a linear layer where the sizes differ
    z^l_t = what layer l reads of h^(l-1)_t                                 (eq. 1 of memory/parts/transformer_layer.py)
    h^l_t = Layer_l(h^(l-1)_t; z^l_t, z^l_{t-1}, ..., z^l_{t-m}),   m = min(W, n_t),       y_t = h^N_t

A step attends to itself and to the W steps before it, never across the start of its episode. The state is what every
layer read of the last W steps, without gradient (the stop-gradient of eq. 1 of the paper), and n. Keys and values are
made of it anew at each call, so a stored step is never older than its layer's input. Inside a call nothing is stopped:
each step is projected once and gradients flow as far as attention does.
"""

import torch
from torch import Tensor, nn

from memorl.kernels import steps_since_start, window_append
from memorl.memory.parts.positions import POSITIONS, sinusoids
from memorl.memory.parts.transformer_layer import TransformerLayer

from .base import Memory, State
from .checks import require_finite, require_not_negative, require_positive


class TrXL(Memory):
    """A transformer over a sliding window of the episode.

    Args:
        input_size: Size of the features that go in.
        dim: Width D of the transformer, also the size of the features that come out.
        layers: Number N of layers.
        heads: Attention heads; they divide `dim`.
        window: How many steps before itself a step attends to, W, in each layer.
        positions: What tells steps apart in time. "none"; "absolute" adds the sinusoid of the step in the episode to
            what the attention reads; "learned" adds a row of a table; "relative" is Transformer-XL's; "rotary" turns
            queries and keys.
        max_steps: Rows of the table of "learned" positions; a step beyond them shares the last row.
        norm: Layer normalisation before ("pre") or after ("post") each part of a layer.
        gate: What joins the parts: "none" adds them up; "gru" is GTrXL's gate, meant for norm "pre".
        gate_bias: How far that gate begins from the closed side (b of its equation).
        mlp_size: Units of the hidden layer of the feed-forward part; 0 leaves it out: one layer with ReLU.
        repeats: How often each layer is applied, one number a layer; None is once. One layer repeated is a Universal
            Transformer. Each application reads a window of its own.

    State: `step` [B], the steps of the episode so far (a float, exact to 2^24); and for each application of a layer
    `layer_0`, `layer_1`, ... [B, W, D], what its attention read of the last W steps, oldest first.

    Under autocast it computes in float32: what acting and learning differ by would else be as large as the rounding.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        input_size: int,
        dim: int = 256,
        layers: int = 3,
        heads: int = 4,
        window: int = 128,
        positions: str = "relative",
        max_steps: int = 1024,
        norm: str = "pre",
        gate: str = "none",
        gate_bias: float = 2.0,
        mlp_size: int = 0,
        repeats: list[int] | None = None,
    ) -> None:
        require_positive(dim=dim, layers=layers, heads=heads, window=window, max_steps=max_steps)
        require_not_negative(mlp_size=mlp_size)
        super().__init__(input_size, dim)
        choices = {
            "positions": (positions, POSITIONS),
            "norm": (norm, ("pre", "post")),
            "gate": (gate, ("none", "gru")),
        }
        for name, (value, known) in choices.items():
            if value not in known:
                raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(known)}")
        even = {"absolute": dim, "relative": dim, "rotary": dim // heads}.get(positions, 0)
        if dim % heads or even % 2:
            wants = "heads must divide dim" if dim % heads else f"{positions} positions need an even size, not {even}"
            raise ValueError(f"dim is {dim} and heads is {heads}; {wants}")
        require_finite(gate_bias=gate_bias)
        times = [1] * layers if repeats is None else list(repeats)
        if len(times) != layers or min(times) < 1:
            raise ValueError(f"repeats is {times}; it must be {layers} numbers of at least 1, one a layer")
        self.window, self.positions = window, positions
        self.embed = nn.Linear(input_size, dim) if input_size != dim else nn.Identity()
        self.blocks = nn.ModuleList(
            TransformerLayer(dim, heads, window, positions, norm, gate, gate_bias, mlp_size) for _ in range(layers)
        )
        self.order = [i for i, count in enumerate(times) for _ in range(count)]
        self.horizon = window * len(self.order)
        if positions == "learned":
            self.table = nn.Parameter(torch.randn(max_steps, dim) * 0.02)

    def initial_state(self, batch_size: int) -> State:
        """Zeros: no step, nothing read."""
        like = next(self.blocks.parameters())
        windows = {
            f"layer_{i}": like.new_zeros(batch_size, self.window, self.output_size) for i in range(len(self.order))
        }
        return {"step": like.new_zeros(batch_size), **windows}

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the layers over x [T, B, D]; see `Memory.forward`. No gradient flows into `state`."""
        with torch.autocast(x.device.type, enabled=False):
            y, state, _ = self._run(*self._prepare(x, state, first), look=False)
        return y, state

    @torch.no_grad()
    def attention(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> Tensor:
        """How much each step attends to each of the window and of the call, [N, B, heads, T, W + T], for pictures."""
        with torch.autocast(x.device.type, enabled=False):
            return torch.stack(self._run(*self._prepare(x, state, first), look=True)[2])

    def pictures(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> dict[str, Tensor]:
        """The attention weights of every layer and head."""
        weights = self.attention(x, state, first)[:, 0]
        return {f"attention_{i}_{j}": head for i, layer in enumerate(weights) for j, head in enumerate(layer)}

    def _prepare(self, x: Tensor, state: State | None, first: Tensor | None) -> tuple[Tensor, State, Tensor]:
        state, first = self.prepare(x, state, first)
        return x.to(state["step"].dtype), state, first

    def _run(self, x: Tensor, state: State, first: Tensor, look: bool) -> tuple[Tensor, State, list[Tensor]]:
        T, W = len(x), self.window
        n = steps_since_start(first, state["step"]).t()  # [B, T]
        reach, p = n.clamp(max=W), self._positions(n)
        if T > 1:
            age = torch.arange(W, 0, -1, device=x.device)[:, None]
            known, kept = (age <= count[:, None, None] for count in (n[:, 0], n[:, -1] + 1))  # [B, W, 1]
        h, after, weights = self.embed(x).transpose(0, 1), {"step": n[:, -1] + 1}, []
        for i, j in enumerate(self.order):
            block = self.blocks[j]
            assert isinstance(block, TransformerLayer)
            past, now = state[f"layer_{i}"].detach(), block.read(h, p)
            z = window_append(past, now, first[0]) if T == 1 else torch.cat([torch.where(known, past, 0), now], 1)
            if look:
                weights.append(block.attention.weights(z, T, reach))
            h = block(h, z, reach)
            read = z[:, -W:].detach()
            after[f"layer_{i}"] = read if T == 1 else torch.where(kept, read, 0)
        return h.transpose(0, 1), after, weights

    def _positions(self, n: Tensor) -> Tensor | None:
        """p of eq. 1 of the layers for the steps n [B, T]; None is 0."""
        if self.positions == "absolute":
            return sinusoids(n, self.output_size)
        return self.table[n.long().clamp(max=len(self.table) - 1)] if self.positions == "learned" else None
