"""Transformer-XL in all its kinds: its windows to the step, its positions, its gate, and what a state may hold."""

import sys
from itertools import product
from typing import get_args

import pytest
import torch
from torch import Tensor

from memorl.kernels import window_attention, window_step, window_weights
from memorl.kernels.attention.reference import window_attention_reference
from memorl.memory import TrXL
from memorl.memory.parts.positions import Positions
from tests.oracles.literal import trxl as literal

D = 3
W = 3
B = 2
pytestmark = pytest.mark.usefixtures("float64")
KINDS = [
    dict(zip(("positions", "norm", "gate"), kind, strict=True))
    for kind in product(get_args(Positions), ("pre", "post"), ("none", "gru"))
]


def make(**arguments: object) -> TrXL:
    sizes = {"dim": 8, "heads": 2, "layers": 2, "window": W, "max_steps": 5}
    memory = TrXL(D, **sizes | arguments)
    for parameter in memory.parameters():  # biases and gains too: what is zero at first would hide a mistake
        parameter.data += 0.3 * torch.randn_like(parameter)
    return memory


@pytest.fixture(params=KINDS, ids=lambda kind: "-".join(kind.values()))
def memory(request: pytest.FixtureRequest) -> TrXL:
    return make(**request.param)


def test_every_kind_is_its_literal_equations_and_its_steps(memory: TrXL) -> None:
    x = torch.randn(11, B, D, requires_grad=True)
    first = torch.zeros(11, B, dtype=torch.bool)
    first[7, 0] = True
    y, end = memory(x, None, first)
    runs = [[*literal(memory, list(x[:7, 0])), *literal(memory, list(x[7:, 0]))], literal(memory, list(x[:, 1]))]
    exact = torch.stack([torch.stack(run) for run in runs], 1)
    torch.testing.assert_close(y, exact)
    weight = torch.randn_like(y)
    leaves = [x, *memory.parameters()]
    for a, b in zip(*(torch.autograd.grad((out * weight).sum(), leaves) for out in (y, exact)), strict=True):
        torch.testing.assert_close(a, b)
    state = memory.initial_state(B)
    outputs = []
    for t in range(11):
        y_t, state = memory(x[t : t + 1], state, first[t : t + 1])
        outputs.append(y_t[0])
    torch.testing.assert_close(torch.stack(outputs), y)
    for name, value in end.items():
        torch.testing.assert_close(state[name], value)


def test_it_reaches_the_window_s_edge_and_no_farther(memory: TrXL) -> None:
    x = torch.randn(9, 1, D, requires_grad=True)
    (moved,) = torch.autograd.grad((memory(x)[0][-1] * torch.randn(8)).sum(), x)
    assert memory.horizon == 2 * W
    assert (moved[-1 - memory.horizon :].abs().amax((1, 2)) > 1e-12).all()
    assert moved[: -1 - memory.horizon].abs().max() == 0


def test_the_stored_window_reaches_as_far_in_values_and_stops_gradients(memory: TrXL) -> None:
    """Step by step, an input moves the output as many steps later as it does inside one call."""
    x = torch.randn(9, 1, D)
    for back, moves in ((2 * W, True), (2 * W + 1, False)):
        changed = x.clone()
        changed[-1 - back] += 1
        ends = []
        for run in (x, changed):
            state = memory.initial_state(1)
            for x_t in run:
                y, state = memory(x_t[None], state)
            assert not any(value.requires_grad for value in state.values())
            ends.append(y)
        assert (not torch.equal(*ends)) == moves


def test_what_is_not_finite_ends_with_its_episode(memory: TrXL) -> None:
    nonfinite = torch.randn(8, B, D)
    first = torch.zeros(8, B, dtype=torch.bool)
    first[4, 0] = True
    clean = nonfinite.clone()
    nonfinite[3, 0] = float("nan")
    clean[:4, 0] = 0
    (a, a_end) = memory(nonfinite, None, first)
    (b, b_end) = memory(clean, None, first)
    assert a[3, 0].isnan().all()
    torch.testing.assert_close(a[4:], b[4:])
    torch.testing.assert_close(a[:, 1], b[:, 1])
    for name, value in b_end.items():
        torch.testing.assert_close(a_end[name], value)
    _, state = memory(nonfinite[:4], None, first[:4])
    assert state["layer_0"][0].isnan().any()
    torch.testing.assert_close(memory(nonfinite[4:], state, first[4:])[0], a[4:])
    first[4], first[6, 0] = False, True  # the window holds it, and the episode begins two steps later
    assert memory(nonfinite[4:], state, first[4:])[0][2:, 0].isfinite().all()


@pytest.mark.parametrize("positions", get_args(Positions))
def test_absolute_positions_count_from_the_episode_s_start(positions: str) -> None:
    """The same last steps, after a longer run: only what counts from the start can tell."""
    memory = make(positions=positions, layers=1)
    x = torch.randn(9, 1, D)
    late = memory(x)[0][-1]
    early = memory(x[4:])[0][-1]
    assert torch.allclose(late, early) == (positions not in ("absolute", "learned"))
    first = torch.zeros(9, 1, dtype=torch.bool)
    first[4] = True
    torch.testing.assert_close(memory(x, None, first)[0][-1], early)


def test_steps_beyond_the_table_share_its_last_row() -> None:
    memory = make(positions="learned", layers=1)
    x = torch.randn(12, 1, D)
    torch.testing.assert_close(memory(x)[0][-1], memory(x[1:])[0][-1])


@pytest.mark.parametrize("kind", KINDS[::3], ids=lambda kind: "-".join(kind.values()))
def test_attention_is_shown_without_changing_anything(kind: dict[str, str]) -> None:
    memory = make(**kind)
    first = torch.rand(7, B) < 0.3
    _, state = memory(torch.randn(5, B, D))
    weights = memory.attention(torch.randn(7, B, D), state, first)
    assert weights.shape == (2, B, 2, 7, W + 7)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, B, 2, 7))
    assert not weights.requires_grad
    start = memory.attention(torch.randn(1, B, D))
    assert start[..., -1].eq(1).all(), "at the start of an episode a step sees itself alone"


def test_a_repeated_layer_is_one_set_of_weights_with_a_window_each() -> None:
    once = make(layers=1, repeats=[1])
    universal = make(layers=1, repeats=[3])
    assert sum(p.numel() for p in once.parameters()) == sum(p.numel() for p in universal.parameters())
    assert universal.horizon == 3 * W
    assert set(universal.initial_state(1)) == {"step", "layer_0", "layer_1", "layer_2"}
    x = torch.randn(11, 1, D)
    torch.testing.assert_close(universal(x)[0][:, 0], torch.stack(literal(universal, list(x[:, 0]))))


def test_the_gate_begins_near_the_identity() -> None:
    x = torch.randn(5, B, 8)
    shut = TrXL(8, 8, heads=2, gate="gru", gate_bias=30.0)
    open_ = TrXL(8, 8, heads=2, gate="gru", gate_bias=0.0)
    torch.testing.assert_close(shut(x)[0], x)
    assert (open_(x)[0] - x).abs().max() > 0.1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"window": 0}, "window is 0; it must be positive"),
        ({"heads": 3}, "dim is 8 and heads is 3; heads must divide dim"),
        ({"heads": 8, "positions": "rotary"}, "dim is 8 and heads is 8; rotary positions need an even size, not 1"),
        ({"dim": 9, "heads": 3, "positions": "absolute"}, "absolute positions need an even size, not 9"),
        (
            {"positions": "sideways"},
            "positions is 'sideways'; it must be one of none, absolute, learned, relative, rotary",
        ),
        ({"norm": "mid"}, "norm is 'mid'; it must be one of pre, post"),
        ({"gate": "lstm"}, "gate is 'lstm'; it must be one of none, gru"),
        ({"mlp_size": -1}, "mlp_size is -1; it must be at least 0"),
        ({"max_steps": 0}, "max_steps is 0; it must be positive"),
        ({"repeats": [1]}, r"repeats is \[1\]; it must be 2 numbers of at least 1"),
        ({"repeats": [1, 0]}, r"repeats is \[1, 0\]; it must be 2 numbers of at least 1"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make(**arguments)


def leaves(T: int, window: int, E: int, biased: bool) -> list[Tensor]:
    """q, k, v, reach and the bias, if any."""
    H = 2
    shapes = [(B, H, T, E), (B, H, window + T, E), (B, H, window + T, E), *([(B, H, T, window + 1)] * biased)]
    q, k, v, *bias = (torch.randn(shape, requires_grad=True) for shape in shapes)
    return [q, k, v, torch.randint(0, window + 3, (B, T)).double(), *bias]


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize(
    ("T", "window", "chunk"), [(1, 1, 4), (7, 3, 4), (8, 3, 4), (13, 9, 4), (5, 20, 2), (6, 2, 64)]
)
def test_chunks_equal_the_reference(
    monkeypatch: pytest.MonkeyPatch, T: int, window: int, chunk: int, biased: bool
) -> None:
    monkeypatch.setattr(sys.modules["memorl.kernels.attention.torch_chunks"], "CHUNK", chunk)
    args = leaves(T, window, 4, biased)
    wanted = [x for x in args if x.requires_grad]
    outs = [f(*args) for f in (window_attention, window_attention_reference)]
    torch.testing.assert_close(*outs)
    weight = torch.randn_like(outs[0])
    for a, b in zip(*(torch.autograd.grad((y * weight).sum(), wanted) for y in outs), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("biased", [False, True])
def test_the_operator_is_well_formed(biased: bool) -> None:
    args = leaves(5, 3, 4, biased)
    torch.library.opcheck(torch.ops.memorl.window_attention_torch, (*args, *([] if biased else [None])))


def test_a_value_that_is_not_finite_is_told_to_those_who_see_it() -> None:
    q = torch.randn(1, 1, 6, 2)
    k = torch.randn(1, 1, 9, 2)
    v = torch.randn(1, 1, 9, 2)
    reach = torch.tensor([[3, 3, 0, 1, 2, 3]])
    for key, visible in ((4, [1]), (3, [0, 1]), (8, [5]), (0, [0])):
        for value in (float("nan"), float("inf")):
            nonfinite = v.clone()
            nonfinite[0, 0, key, 1] = value
            y = window_attention(q, k, nonfinite, reach)
            assert (~y.isfinite()).any(3)[0, 0].nonzero().flatten().tolist() == visible
            clean = [t for t in range(6) if t not in visible]
            assert torch.equal(y[:, :, clean], window_attention(q, k, v, reach)[:, :, clean])


def test_a_window_that_is_not_projected_gives_the_same() -> None:
    H = 2
    E = 4
    window = 5
    q = torch.randn(B, H, E)
    z = torch.randn(B, window + 1, H * E)
    k_weight = torch.randn(H, E, H * E)
    v_weight = torch.randn(H, E, H * E)
    bias = torch.randn(B, H, window + 1)
    reach = torch.tensor([2.0, 9.0])
    k, v = (torch.einsum("hed,bsd->bhse", w, z) for w in (k_weight, v_weight))
    exact = window_attention_reference(q[:, :, None], k, v, reach[:, None], bias[:, :, None])
    torch.testing.assert_close(window_step(q, z, k_weight, v_weight, reach, bias), exact[:, :, 0])
    assert window_weights(q[:, :, None], k, reach[:, None])[0, :, 0, : window - 2].eq(0).all()
