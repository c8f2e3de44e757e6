"""One layer of a transformer over a sliding window, and its parts.

Legend: T time, B batch, W window, D width, H heads, E = D / H; h the layer's input.

    z = N(h + p)                               input of the attention; p is absolute or learned, else 0        (1)
    q, k, v = Q z, K z, V z                    no biases: a key's would cancel in the softmax
    l_ts = q_t . k_s / sqrt(E)                 for the last W + 1 steps s of the episode                      (2)
         + ((q_t + u) . R r_d + u . k_s) / sqrt(E)     with relative positions, d = t - s                     (3)
    a = O sum_s softmax_s(l_t) v_s + o                                                                        (4)
    h' = G(h, a),   y = G(h', F(N(h')))                                                                       (5)

(3) is eq. 5 of Transformer-XL (Dai et al., 2019, https://arxiv.org/abs/1901.02860), r the sinusoid of a distance.
N is layer normalisation where norm is "pre"; where it is "post", (1) and (5) have none and each G is followed by one.
F is relu(f h + g), or two layers with the ReLU between. G(h, a) = h + a, or the gate of GTrXL (Parisotto et al., 2020,
https://arxiv.org/abs/1910.06764, section 3.2) with y = relu(a):

    r = sigmoid(W_r y + U_r h),   z = sigmoid(W_z y + U_z h - b),   n = tanh(W_n y + U_n (r * h))
    G(h, a) = (1 - z) * h + z * n                                                                             (6)
"""

from typing import Literal

import torch
from torch import Tensor, nn

from memorl.kernels import window_attention, window_step, window_weights

from .positions import Positions, rotate, sinusoids

Norm = Literal["pre", "post"]
GateKind = Literal["none", "gru"]


class Attention(nn.Module):
    """Windowed attention, equations (2) to (4)."""

    distances: Tensor

    def __init__(self, dim: int, heads: int, window: int, positions: Positions) -> None:
        super().__init__()
        self.heads = heads
        self.rotary = positions == "rotary"
        self.relative = positions == "relative"
        self.query = nn.Linear(dim, dim, bias=False)
        self.key_value = nn.Linear(dim, 2 * dim, bias=False)
        self.out = nn.Linear(dim, dim)
        if self.relative:
            self.register_buffer("distances", sinusoids(torch.arange(window + 1.0), dim), persistent=False)
            self.distance = nn.Linear(dim, dim, bias=False)
            self.content_bias = nn.Parameter(torch.zeros(heads, dim // heads))
            self.distance_bias = nn.Parameter(torch.zeros(heads, dim // heads))

    def forward(self, z: Tensor, T: int, reach: Tensor) -> Tensor:
        """Return the output [B, T, D] of the last T steps of z [B, W + T, D]; they attend `reach` [B, T] steps back."""
        q, bias = self._queries(z, T)
        if T == 1 and not self.rotary:
            k_weight, v_weight = (w.unflatten(0, (self.heads, -1)) for w in self.key_value.weight.chunk(2))
            bias = None if bias is None else bias[:, :, 0]
            return self.out(window_step(q[:, :, 0], z, k_weight, v_weight, reach[:, 0], bias).flatten(1))[:, None]
        k, v = self._keys_values(z)
        return self.out(window_attention(q, k, v, reach, bias).transpose(1, 2).flatten(2))

    def weights(self, z: Tensor, T: int, reach: Tensor) -> Tensor:
        """Return the attention weights of the last T steps over the steps of z, [B, H, T, W + T]."""
        q, bias = self._queries(z, T)
        return window_weights(q, self._keys_values(z)[0], reach, bias)

    def _queries(self, z: Tensor, T: int) -> tuple[Tensor, Tensor | None]:
        """Return the queries [B, H, T, E] and the logits of the distances, [B, H, T, W + 1]."""
        q = self._split(self.query(z[:, -T:]))
        if self.rotary:
            return rotate(q, torch.arange(z.shape[1] - T, z.shape[1], device=z.device, dtype=z.dtype)), None
        if not self.relative:
            return q, None
        r = self.distance(self.distances).unflatten(-1, (self.heads, -1)).permute(1, 2, 0)  # [H, E, W + 1]
        bias = ((q + self.distance_bias[:, None]) * q.shape[-1] ** -0.5) @ r
        return q + self.content_bias[:, None], bias

    def _keys_values(self, z: Tensor) -> tuple[Tensor, Tensor]:
        k, v = (self._split(part) for part in self.key_value(z).chunk(2, -1))
        return (rotate(k, torch.arange(z.shape[1], device=z.device, dtype=z.dtype)) if self.rotary else k), v

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Sum(nn.Module):
    """Residual connection, G(h, a) = h + a."""

    def forward(self, h: Tensor, a: Tensor) -> Tensor:
        """Return the sum of the input and the branch, [..., D]."""
        return h + a


class Gate(nn.Module):
    """Gate of GTrXL, equation (6). With b > 0 it begins near the identity, so that the first policies are reactive."""

    def __init__(self, dim: int, bias: float) -> None:
        super().__init__()
        self.of_branch = nn.Linear(dim, 3 * dim, bias=False)
        self.of_input = nn.Linear(dim, 2 * dim, bias=False)
        self.of_reset = nn.Linear(dim, dim, bias=False)
        self.bias = nn.Parameter(torch.full((dim,), float(bias)))

    def forward(self, h: Tensor, a: Tensor) -> Tensor:
        """Return the gated sum of the input and the branch, [..., D]."""
        r, z, n = self.of_branch(torch.relu(a)).chunk(3, -1)
        u_r, u_z = self.of_input(h).chunk(2, -1)
        n = torch.tanh(n + self.of_reset(torch.sigmoid(r + u_r) * h))
        return torch.lerp(h, n, torch.sigmoid(z + u_z - self.bias))


class TransformerLayer(nn.Module):
    """One layer, equations (1) and (5); `TrXL` explains the arguments."""

    def __init__(
        self, dim: int, heads: int, window: int, positions: Positions, norm: Norm, gate: GateKind, gate_bias: float,
        mlp_size: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.attention = Attention(dim, heads, window, positions)
        last = nn.Linear(mlp_size or dim, dim)
        self.mlp = (
            nn.Sequential(nn.Linear(dim, mlp_size), nn.ReLU(), last) if mlp_size else nn.Sequential(last, nn.ReLU())
        )
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2))
        self.joins = nn.ModuleList(Gate(dim, gate_bias) if gate == "gru" else Sum() for _ in range(2))
        self.pre = norm == "pre"

    def read(self, h: Tensor, p: Tensor | None) -> Tensor:
        """Return z of (1)."""
        z = h if p is None else h + p
        return self.norms[0](z) if self.pre else z

    def forward(self, h: Tensor, z: Tensor, reach: Tensor) -> Tensor:
        """Return the output [B, T, D] of the input h [B, T, D] and z of the window and these steps, [B, W + T, D]."""
        h = self._join(0, h, self.attention(z, h.shape[1], reach))
        return self._join(1, h, self.mlp(self.norms[1](h) if self.pre else h))

    def _join(self, i: int, h: Tensor, a: Tensor) -> Tensor:
        h = self.joins[i](h, a)
        return h if self.pre else self.norms[i](h)
