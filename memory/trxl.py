"""Transformer-XL (Dai et al., 2019, https://arxiv.org/abs/1901.02860) as the memory of an agent, in the manner of the
Memory Gym agents (Pleines et al., 2025, https://arxiv.org/abs/2309.17207), and GTrXL by its gate.

Legend: T time, B batch, W window, D width of the transformer, N layers; t a step, n_t steps since its episode began.

    h^0_t = x_t, through a linear layer where the sizes differ
    z^l_t = what layer l reads of h^(l-1)_t                                 (eq. 1 of memory/parts/transformer_layer.py)
    h^l_t = Layer_l(h^(l-1)_t; z^l_t, z^l_{t-1}, ..., z^l_{t-m}),   m = min(W, n_t),       y_t = h^N_t

A step attends to itself and to the W steps before it, never across the start of its episode. The state holds z of the
last W steps for every layer, without gradient (the stop-gradient of eq. 1 of the paper), and n. Every call computes
keys and values from it anew, so a stored step is never older than its layer's input. Inside a call no gradient is
stopped: each step is projected once and gradients flow as far as attention does.
"""

import torch
from torch import Tensor, nn

from memorl.kernels import steps_since_start, window_append, without_autocast
from memorl.memory.parts.positions import Positions, sinusoids
from memorl.memory.parts.transformer_layer import GateKind, Norm, TransformerLayer

from .base import Memory, State
from .checks import MAX_LAYERS, require_at_least, require_between, require_choice, require_finite, require_positive


class TrXL(Memory):
    """A transformer over a sliding window of the episode.

    Args:
        input_size: Size of the features that go in.
        dim: Width D of the transformer, also the size of the features that come out.
        layers: Number N of layers.
        heads: Attention heads; they divide `dim`.
        window: Number W of previous steps that a step attends to, in each layer.
        positions: Encoding of time. "none"; "absolute" adds the sinusoid of the step in the episode to the input of
            the attention; "learned" adds a row of a table; "relative" is Transformer-XL's; "rotary" rotates queries
            and keys.
        max_steps: Rows of the table of "learned" positions; a step beyond them shares the last row.
        norm: Layer normalisation before ("pre") or after ("post") each part of a layer.
        gate: Connection of the parts: "none" adds them up; "gru" is GTrXL's gate, meant for norm "pre".
        gate_bias: Bias b of that gate; the higher, the more closed it begins.
        mlp_size: Units of the hidden layer of the feed-forward part; 0 leaves it out: one layer with ReLU.
        repeats: Applications of each layer, one number a layer; None is once. One layer repeated is a Universal
            Transformer. Each application reads a window of its own.

    State: `step` [B], the steps of the episode so far (a float, exact to 2^24); and for each application of a layer
    `layer_0`, `layer_1`, ... [B, W, D], z of the last W steps, oldest first.

    Under autocast it computes in float32: else acting and learning would differ by as much as the rounding.

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
        positions: Positions = "relative",
        max_steps: int = 1024,
        norm: Norm = "pre",
        gate: GateKind = "none",
        gate_bias: float = 2.0,
        mlp_size: int = 0,
        repeats: list[int] | None = None,
    ) -> None:
        require_positive(dim=dim, heads=heads, window=window, max_steps=max_steps)
        require_between(1, MAX_LAYERS, layers=layers)
        require_at_least(0, mlp_size=mlp_size)
        require_finite(gate_bias=gate_bias)
        require_choice(Positions, positions=positions)
        require_choice(Norm, norm=norm)
        require_choice(GateKind, gate=gate)
        even = {"absolute": dim, "relative": dim, "rotary": dim // heads}.get(positions, 0)
        if dim % heads or even % 2:
            allowed = "heads must divide dim" if dim % heads else f"{positions} positions need an even size, not {even}"
            raise ValueError(f"dim is {dim} and heads is {heads}; {allowed}")
        repeats = [1] * layers if repeats is None else repeats
        if len(repeats) != layers or min(repeats) < 1 or sum(repeats) > MAX_LAYERS:
            allowed = f"{layers} numbers of at least 1, one a layer, that add up to {MAX_LAYERS} at most"
            raise ValueError(f"repeats is {repeats}; it must be {allowed}")
        super().__init__(input_size, dim)
        self.window = window
        self.positions = positions
        self.embed = nn.Linear(input_size, dim) if input_size != dim else nn.Identity()
        self.blocks = nn.ModuleList(
            TransformerLayer(dim, heads, window, positions, norm, gate, gate_bias, mlp_size) for _ in range(layers)
        )
        self.order = [i for i, count in enumerate(repeats) for _ in range(count)]
        self.horizon = window * len(self.order)
        if positions == "learned":
            self.table = nn.Parameter(torch.randn(max_steps, dim) * 0.02)

    def initial_state(self, batch_size: int) -> State:
        """Return zeros."""
        like = next(self.blocks.parameters())
        windows = {
            f"layer_{i}": like.new_zeros(batch_size, self.window, self.output_size) for i in range(len(self.order))
        }
        return {"step": like.new_zeros(batch_size), **windows}

    def forward(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the layers over x [T, B, D]; see `Memory.forward`. No gradient flows into `state`."""
        return self._run(x, state, first, None)

    @torch.no_grad()
    def attention(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> Tensor:
        """Return the attention weights of each step over the window and the call, [N, B, heads, T, W + T]."""
        weights: list[Tensor] = []
        self._run(x, state, first, weights)
        return torch.stack(weights)

    def heatmaps(self, x: Tensor, state: State | None = None, first: Tensor | None = None) -> dict[str, Tensor]:
        """Return the attention weights of every layer and head."""
        weights = self.attention(x, state, first)[:, 0]
        return {f"attention_{i}_{j}": head for i, layer in enumerate(weights) for j, head in enumerate(layer)}

    def _run(
        self, x: Tensor, state: State | None, first: Tensor | None, weights: list[Tensor] | None
    ) -> tuple[Tensor, State]:
        """Run the layers, and append the attention weights of each to `weights` unless it is None."""
        state, first = self.prepare(x, state, first)
        with without_autocast(x.device):
            T = len(x)
            W = self.window
            n = steps_since_start(first, state["step"]).t()  # [B, T]
            reach = n.clamp(0, W)
            p = self._positions(n)
            if T > 1:
                age = torch.arange(W, 0, -1, device=x.device)[:, None]
                known, kept = (age <= count[:, None, None] for count in (n[:, 0], n[:, -1] + 1))  # [B, W, 1]
            h = self.embed(x.to(n.dtype)).transpose(0, 1)
            end = {"step": n[:, -1] + 1}
            for i, j in enumerate(self.order):
                block = self.blocks[j]
                assert isinstance(block, TransformerLayer)
                past = state[f"layer_{i}"].detach()
                present = block.read(h, p)
                if T == 1:
                    z = window_append(past, present, first[0])
                else:
                    z = torch.cat([torch.where(known, past, 0), present], 1)
                if weights is not None:
                    weights.append(block.attention.weights(z, T, reach))
                h = block(h, z, reach)
                window = z[:, -W:].detach()
                end[f"layer_{i}"] = window if T == 1 else torch.where(kept, window, 0)
        return h.transpose(0, 1), end

    def _positions(self, n: Tensor) -> Tensor | None:
        """Return p of eq. 1 of the layers for the steps n [B, T]; None is 0."""
        if self.positions == "absolute":
            return sinusoids(n, self.output_size)
        return self.table[n.long().clamp(0, len(self.table) - 1)] if self.positions == "learned" else None
