"""Real-time recurrent learning: chunks of any length give the gradient of the whole history, and no other."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from memorl.kernels import update_sensitivities
from memorl.kernels.common.pairs import times_i_transposed
from memorl.kernels.rtrl.reference import update_sensitivities_reference
from memorl.memory import Memory, State
from memorl.memory.parts.diagonal import DiagonalMemory
from tests.oracles.literal import LITERAL
from tests.support.memories import make_memory, memory_file, names

T = 64
B = 4
D = 3
CHUNKS = [1, 7, 8, 20, 1, 1, 26]
"""Lengths of chunks that make up T."""
STARTS: dict[str, list[int]] = {
    "nowhere": [],
    "first of a chunk": [8],
    "middle of a chunk": [12],
    "last of a chunk": [35],
    "twice in a row, over an edge": [15, 16],
}
NAMES = [n for n in names() if "rtrl" in n and issubclass(memory_file(n.partition("[")[0])[1], DiagonalMemory)]
pytestmark = pytest.mark.usefixtures("float64")


def pair(name: str, **arguments: object) -> tuple[DiagonalMemory, Memory]:
    """The memory with rtrl, and the same with bptt, of the same weights."""
    ours = make_memory(name, D, **arguments)
    plain = make_memory(name, D, credit="bptt")
    plain.load_state_dict(ours.state_dict())
    assert isinstance(ours, DiagonalMemory)
    return ours, plain


def gradients(memory: Memory) -> dict[str, Tensor]:
    found = {name: p.grad.clone() for name, p in memory.named_parameters() if p.grad is not None}
    memory.zero_grad()
    return found


def in_chunks(memory: Memory, x: Tensor, weight: Tensor, first: Tensor, lengths: list[int], h: Tensor) -> State:
    """Run chunk by chunk, and backward after each; the gradients add up."""
    state = memory.initial_state(x.shape[1]) | {"h": h}
    at = 0
    for length in lengths:
        part = slice(at, at + length)
        y, state = memory(x[part], state, first[part])
        (y * weight[part]).sum().backward()
        state = {name: value.detach() for name, value in state.items()}
        at += length
    return state


def history(name: str, starts: list[int]) -> tuple[DiagonalMemory, Memory, Tensor, Tensor, Tensor, Tensor]:
    """Both memories, inputs, the weights of a loss at every step, starts in row 0 (anywhere in row 1), a first h."""
    ours, plain = pair(name)
    first = torch.zeros(T, B, dtype=torch.bool)
    first[starts, 0] = True
    first[:, 1] = torch.rand(T) < 0.1
    x = torch.randn(T, B, D)
    h = 0.5 * torch.randn_like(plain.initial_state(B)["h"])
    return ours, plain, x, torch.randn(T, B, ours.output_size), first, h


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("starts", STARTS.values(), ids=STARTS)
def test_chunks_give_the_gradient_of_the_whole_history(name: str, starts: list[int]) -> None:
    ours, plain, x, weight, first, h = history(name, starts)
    in_chunks(plain, x, weight, first, [T], h)
    exact = gradients(plain)
    for lengths in (CHUNKS, [1] * T, [T]):
        in_chunks(ours, x, weight, first, lengths, h)
        for group, grad in gradients(ours).items():
            torch.testing.assert_close(grad, exact[group], rtol=1e-10, atol=1e-10, msg=lambda m, g=group: f"{g}: {m}")
    in_chunks(plain, x, weight, first, CHUNKS, h)
    assert any((grad - exact[group]).abs().max() > 1e-3 for group, grad in gradients(plain).items()), "a test too easy"


@pytest.mark.parametrize(
    "name",
    [name for name in NAMES if name.partition("[")[0] in ("elstm", "mingru", "rtu", "diagonal_gru", "diagonal_lstm")],
)
def test_the_gradient_is_that_of_a_complex_step(name: str) -> None:
    """By the literal equations, which take complex numbers; the others have none of their own to take."""
    ours, _, x, weight, first, _ = history(name, [])
    in_chunks(
        ours, x[:23, :1], weight[:23, :1], torch.zeros_like(first[:23, :1]), [7, 8, 8], ours.initial_state(1)["h"]
    )
    for group, grad in gradients(ours).items():
        along = torch.randn_like(grad)
        values = {k: p.detach() + (1e-30j * along if k == group else 0j) for k, p in ours.named_parameters()}
        run = [row.to(torch.complex128) for row in x[:23, 0]]
        outputs = LITERAL[name.partition("[")[0]](namespace(ours, values), run)  # type: ignore[arg-type]
        loss = sum((y * w).sum() for y, w in zip(outputs, weight[:23, 0], strict=True))
        torch.testing.assert_close((grad * along).sum(), loss.imag / 1e-30, rtol=1e-10, atol=1e-10)  # type: ignore[union-attr]


def namespace(memory: Memory, values: dict[str, Tensor]) -> SimpleNamespace:
    """What the literal equations read of a memory, with other values of its parameters."""
    top: dict[str, Any] = {k: getattr(memory, k) for k in ("input_size", "output_size", "hidden_size")}
    top |= {k: getattr(memory, k) for k in ("activation", "nonlinear") if hasattr(memory, k)}
    for name, value in values.items():
        module, _, leaf = name.rpartition(".")
        if module:
            setattr(top.setdefault(module, SimpleNamespace()), leaf, value)
        else:
            top[name] = value
    return SimpleNamespace(**top)


@pytest.mark.parametrize("name", NAMES)
def test_a_chunk_equals_the_recursion_by_the_letter(name: str) -> None:
    """Equation (3) is (1), and (4) is (2), from sensitivities of a past."""
    ours, _, x, weight, first, h = history(name, [3])
    with torch.no_grad():
        _, state = ours(x, None, first)
    x = x[:9]
    weight = weight[:9]
    first = first[:9]
    p = {k: tuple(t if t.is_leaf else t.detach().requires_grad_() for t in ts) for k, ts in ours.recurrent().items()}
    ours.recurrent = lambda: p  # type: ignore[method-assign]
    leaves = [t for ts in p.values() for t in ts]
    after, extra = ours.run(x, state["h"], first, p)
    with torch.no_grad():
        before = torch.where(first.view(9, B, *[1] * (h.dim() - 1)), 0, torch.cat([state["h"][None], after[:-1]]))
        jacobian, by_name = ours.derivatives(before, after, extra, p)
        s = [state[f"dh/d{key}"] for key in by_name]
        immediate = list(by_name.values())
        steps = [
            dict(zip(by_name, after, strict=True))
            for after in update_sensitivities_reference(s, jacobian, first, immediate, x)
        ]
    for key, value in zip(by_name, update_sensitivities(s, jacobian, first, immediate, x), strict=True):
        torch.testing.assert_close(value, steps[-1][key], rtol=1e-12, atol=1e-12)
    alone = after.detach().requires_grad_()
    (e,) = torch.autograd.grad((ours.readout(x, alone) * weight).sum(), alone)
    grads = iter(torch.autograd.grad((ours(x, state, first)[0] * weight).sum(), leaves))
    for key, group in p.items():
        s = torch.stack([step[key] for step in steps])
        for side in (e, times_i_transposed(e))[: len(group)] if len(group) > 1 else (e,):
            by_hand = (side.view(*side.shape, *[1] * (s.dim() - side.dim())) * s).sum((0, 1))
            torch.testing.assert_close(next(grads), by_hand.sum(1) if ours.pairs else by_hand, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_encoder_gets(name: str) -> None:
    """Chunk: backpropagation in the chunk; one_step: each step by itself; none: nothing. Parameters get the same."""
    ours, plain, x, weight, first, _ = history(name, [3])
    with torch.no_grad():
        _, state = ours(x, None, first)
    x = x[:9]
    weight = weight[:9]
    first = first[:9]
    kinds: dict[str, tuple[Tensor | None, dict[str, Tensor]]] = {}
    for kind in ("chunk", "one_step", "none"):
        other, _ = pair(name, encoder_grad=kind)
        other.load_state_dict(ours.state_dict())
        features = x.clone().requires_grad_()
        (other(features, state, first)[0] * weight).sum().backward()
        kinds[kind] = features.grad, gradients(other)
    features = x.clone().requires_grad_()
    (chunk,) = torch.autograd.grad((plain(features, {"h": state["h"]}, first)[0] * weight).sum(), features)
    torch.testing.assert_close(kinds["chunk"][0], chunk)
    now = {"h": state["h"]}
    losses = []
    for t in range(9):
        y, now = plain(features[t : t + 1], {"h": now["h"].detach()}, first[t : t + 1])
        losses.append((y * weight[t]).sum())
    (one_step,) = torch.autograd.grad(sum(losses), features)  # type: ignore[arg-type]
    torch.testing.assert_close(kinds["one_step"][0], one_step)
    assert (one_step - chunk).abs().max() > 1e-3
    assert kinds["none"][0] is None
    for kind in ("one_step", "none"):
        for group, grad in kinds[kind][1].items():
            torch.testing.assert_close(grad, kinds["chunk"][1][group])


@pytest.mark.parametrize(("name", "exact"), [("elstm", True), ("mingru", True), ("indrnn", True), ("gru", False)])
def test_keeping_each_parameters_own_unit_is_exact_where_units_see_themselves_alone(name: str, exact: bool) -> None:
    """SnAp-1 (Menick et al., 2021): full sensitivities, cut back at every step to where a parameter acts at once."""
    plain = make_memory(name, D)
    x = torch.randn(9, 1, D)
    h = plain.initial_state(1)["h"]
    weight = torch.randn(9, h.shape[1])
    params = dict(plain.named_parameters())
    inside = [k for k in params if "gate." not in k]
    s = {k: torch.zeros(h.shape[1], *params[k].shape) for k in inside}
    grads = {k: torch.zeros_like(params[k]) for k in inside}
    past = h
    for t in range(9):

        def step(old: Tensor, *values: Tensor, t: int = t) -> Tensor:
            features = params | dict(zip(inside, values, strict=True))
            return torch.func.functional_call(plain, features, (x[t : t + 1], {"h": old}))[1]["h"][0]

        here = tuple(params[k].detach() for k in inside)
        jacobian, *now = torch.autograd.functional.jacobian(step, (past, *here))
        for k, direct in zip(inside, now, strict=True):
            carried = torch.einsum("ij,j...->i...", jacobian[:, 0], s[k])
            owner = torch.arange(len(params[k])) % h.shape[1] == torch.arange(h.shape[1])[:, None]
            s[k] = direct + torch.where(owner.view(*owner.shape, *[1] * (carried.dim() - 2)), carried, 0)
            grads[k] += torch.einsum("i,i...->...", weight[t], s[k])
        past = step(past, *here).detach()[None]
    states = []
    state = plain.initial_state(1)
    for t in range(9):
        _, state = plain(x[t : t + 1], state)
        states.append(state["h"])
    full = torch.autograd.grad((torch.cat(states) * weight).sum(), [params[k] for k in inside])
    errors = [float((grads[k] - g).abs().max()) for k, g in zip(inside, full, strict=True)]
    assert max(errors) < 1e-10 if exact else max(errors) > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_float32_holds_over_a_thousand_steps(name: str) -> None:
    ours, _ = pair(name)
    x = torch.randn(1000, 2, D)
    weight = torch.randn(1000, 2, ours.output_size)
    first = torch.zeros(1000, 2, dtype=torch.bool)
    in_chunks(ours, x, weight, first, [100] * 10, ours.initial_state(2)["h"])
    exact = gradients(ours)
    in_chunks(ours.float(), x.float(), weight.float(), first, [100] * 10, ours.initial_state(2)["h"])
    for group, grad in gradients(ours).items():
        assert (grad - exact[group]).norm() <= 1e-4 * exact[group].norm(), group


def test_with_older_parameters_the_error_is_of_first_order() -> None:
    """S made while the parameters move by eta every 8 steps, against S of the last parameters: 0 for 0, else ~ eta."""
    ours, _ = pair("elstm[rtrl]")
    x = torch.randn(T, B, D)
    kept = {k: v.clone() for k, v in ours.state_dict().items()}
    way = {k: torch.randn_like(v) for k, v in kept.items()}
    errors = []
    for eta in (0.0, 1e-5, 1e-3):
        state = ours.initial_state(B)
        for t in range(0, T, 8):
            ours.load_state_dict({k: kept[k] + eta * (t - T + 8) / 8 * way[k] for k in kept})
            with torch.no_grad():
                _, state = ours(x[t : t + 8], state)
        with torch.no_grad():
            _, recomputed = ours(x)
        errors.append(float((state["dh/dF"] - recomputed["dh/dF"]).norm()))
    assert errors[0] < 1e-12
    assert errors[2] / errors[1] == pytest.approx(100, rel=0.25)


@pytest.mark.parametrize("name", NAMES)
def test_acting_makes_the_sensitivities_that_learning_starts_from(name: str) -> None:
    """One step at a time without gradients, as an agent acts, and a last row that is only valued."""
    ours, _, x, weight, first, h = history(name, [5])
    acted = ours.initial_state(B) | {"h": h}
    with torch.no_grad():
        for t in range(20):
            _, acted = ours(x[t : t + 1], acted, first[t : t + 1])
    learned = in_chunks(ours, x, weight, first, [20], h)
    ours.zero_grad()
    for key in acted:
        torch.testing.assert_close(acted[key], learned[key], rtol=1e-10, atol=1e-10)
    (ours(x[20:30], acted, first[20:30])[0] * weight[20:30]).sum().backward()
    exact = gradients(ours)
    (ours(x[20:31], acted, first[20:31])[0][:-1] * weight[20:30]).sum().backward()
    for group, grad in gradients(ours).items():
        torch.testing.assert_close(grad, exact[group], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_spoilt_sensitivities_end_with_the_episode(name: str) -> None:
    ours, _, x, weight, first, _ = history(name, [])
    first[0] = True
    in_chunks(ours, x[:5], weight[:5], first[:5], [5], ours.initial_state(B)["h"])
    exact = gradients(ours)
    spoilt = {key: torch.full_like(value, float("nan")) for key, value in ours.initial_state(B).items()}
    (ours(x[:5], spoilt, first[:5])[0] * weight[:5]).sum().backward()
    for group, grad in gradients(ours).items():
        torch.testing.assert_close(grad, exact[group])


@pytest.mark.parametrize("name", NAMES)
def test_what_lies_before_a_start_inside_a_chunk_leaves_nothing_behind(name: str) -> None:
    memory = make_memory(name, 3)
    x = torch.randn(8, 4, 3)
    first = torch.zeros(8, 4, dtype=torch.bool)
    first[3, 0] = True
    states = []
    for spoilt in (False, True):
        if spoilt:
            x[1, 0] = float("nan")
        _, state = memory(x, None, first)
        states.append({key: value.detach() for key, value in state.items()})
    for key, clean in states[0].items():
        torch.testing.assert_close(states[1][key], clean)


def test_the_state_is_as_large_as_said_and_does_not_grow() -> None:
    N = 7
    sizes = {  # of those whose docs name it; the others are held to the same law
        "elstm[rtrl]": N + 2 * N * D + 4 * N,
        "indrnn[rtrl]": N + N * D + 2 * N,
        "diagonal_gru[rtrl]": N + 3 * N * D + 6 * N,
        "diagonal_lstm[rtrl]": 2 * N + 8 * N * D + 16 * N,
        "mingru[rtrl]": N + 2 * N * D + 2 * N,
        "lru[rtrl]": 2 * N + 2 * N * D + 2 * N,
        "rtu[rtrl]": 2 * N + 2 * N * D + 2 * N,
        "rtu[rtrl,nonlinear]": 2 * N + 4 * N * D + 4 * N,
    }
    assert sizes.keys() <= set(NAMES)
    for name in NAMES:
        memory = make_memory(name, D, hidden_size=N)
        assert isinstance(memory, DiagonalMemory)
        size = (N + sum(part.numel() for part, *_ in memory.recurrent().values())) * (2 if memory.pairs else 1)
        assert size == sizes.get(name, size), name
        for steps in (1, 100):
            _, end = memory(torch.randn(steps, B, D))
            assert sum(value.numel() for value in end.values()) == B * size, name
            assert not any(value.requires_grad for value in end.values())


def learned_row(name: str) -> tuple[DiagonalMemory, Tensor, Tensor]:
    """A memory with the gradients of one row of 12 steps in two chunks, the inputs, and the weights of the loss."""
    ours, _, x, weight, first, h = history(name, [])
    x = x[:12, :1]
    weight = weight[:12, :1]
    in_chunks(ours, x, weight, first[:12, 2:3], [5, 7], torch.zeros_like(h[:1]))
    return ours, x, weight


def test_a_public_error_the_angle_of_a_trace_unit_is_not_ours() -> None:
    """Public code leaves the factor theta out of the derivative by log theta; the gradient is then off by it."""
    ours, x, weight = learned_row("rtu[rtrl]")
    mine = gradients(ours)["theta"]
    with torch.no_grad():
        angle = torch.exp(ours.theta)
        ((g, phi), (w_1, w_2)) = ours.recurrent().values()
        wrong = torch.zeros_like(angle)
        right = torch.zeros_like(angle)
        for factor, total in ((torch.ones_like(angle), wrong), (angle, right)):
            h_1, h_2, s_1, s_2 = torch.zeros(4, len(angle))
            for x_t, e in zip(x[:, 0], weight[:, 0], strict=True):
                i_1 = -phi * factor * h_1 - g * factor * h_2
                i_2 = -phi * factor * h_2 + g * factor * h_1
                s_1, s_2 = g * s_1 - phi * s_2 + i_1, g * s_2 + phi * s_1 + i_2
                h_1, h_2 = g * h_1 - phi * h_2 + w_1 @ x_t, g * h_2 + phi * h_1 + w_2 @ x_t
                e_1, e_2 = (e * (1 - torch.tanh(torch.cat([h_1, h_2])) ** 2)).chunk(2)
                total += e_1 * s_1 + e_2 * s_2
    torch.testing.assert_close(mine, right, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(right / wrong, angle)
    assert (mine - wrong).norm() > 0.1 * mine.norm()


def test_a_public_error_the_input_weights_of_a_linear_unit_are_not_ours() -> None:
    """Public code takes log gamma for gamma in the trace of B; the gradient then points the other way."""
    ours, x, weight = learned_row("lru[rtrl]")
    mine = gradients(ours)["B_re"]
    with torch.no_grad():
        lam = torch.complex(*ours.recurrent()["lambda"])
        back = weight[:, 0].to(lam.dtype) @ torch.complex(ours.C_re, ours.C_im)  # y = Re(C h)
        totals = []
        for factor in (torch.exp(ours.log_gamma), ours.log_gamma):
            trace = torch.zeros(*ours.B_re.shape, dtype=lam.dtype)
            total = torch.zeros_like(mine)
            for x_t, d in zip(x[:, 0], back, strict=True):
                trace = lam[:, None] * trace + factor[:, None] * x_t
                total += (d[:, None] * trace).real
            totals.append(total)
    torch.testing.assert_close(mine, totals[0], rtol=1e-10, atol=1e-10)
    assert torch.cosine_similarity(mine.flatten(), totals[1].flatten(), 0) < -0.5


def recall(credit: str, delay: int, forget_bias: float, seed: int, chunk: int = 4, updates: int = 500) -> float:
    """Delayed cue: a sign is shown, distracting bits follow, and after `delay` steps it must be recalled.

    The last `chunk` steps are learned from, the rest are acted. Returns the accuracy of the last 50 updates; 50 without
    a mistake end it.
    """
    torch.set_default_dtype(torch.float32)
    torch.manual_seed(seed)
    memory = make_memory("elstm", 4, hidden_size=16, forget_bias=forget_bias, credit=credit)
    readout = torch.nn.Linear(16, 1)
    optimizer = torch.optim.Adam([*memory.parameters(), *readout.parameters()], lr=1e-2)
    correct = []
    for _ in range(updates):
        cue = torch.randint(2, (32,)).float()
        x = torch.zeros(delay + 1, 32, 4)
        x[0, :, 0] = 2 * cue - 1
        x[0, :, 1] = 1
        x[-1, :, 2] = 1
        x[1:-1, :, 3] = 2.0 * torch.randint(2, (delay - 1, 32)) - 1
        with torch.no_grad():
            _, state = memory(x[:-chunk])
        logit = readout(memory(x[-chunk:], state)[0][-1]).squeeze(-1)
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(logit, cue).backward()
        optimizer.step()
        correct.append(((logit > 0) == cue.bool()).float().mean())
        if len(correct) >= 50 and min(correct[-50:]) == 1:
            break
    return float(torch.stack(correct[-50:]).mean())


def test_rtrl_learns_a_delay_longer_than_its_chunks() -> None:
    """And the same without sensitivities, truncated backpropagation, does not: the cue is out of its sight."""
    assert recall("rtrl", 10, 0.0, seed=0) > 0.95
    assert recall("bptt", 10, 0.0, seed=0, updates=200) < 0.65


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rtrl_learns_a_delay_of_eighty_steps(seed: int) -> None:
    scores = recall("rtrl", 80, 5.0, seed), recall("bptt", 80, 5.0, seed)
    print(f"delay 80, chunks of 4, seed {seed}: rtrl {scores[0]:.2f}, truncated {scores[1]:.2f}")
    assert scores[0] > 0.95
    assert scores[1] < 0.7


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("elstm", {"credit": "rtlr"}, "credit is 'rtlr'; it must be one of bptt, rtrl"),
        ("elstm", {"encoder_grad": "all"}, "encoder_grad is 'all'; it must be one of chunk, one_step, none"),
        ("elstm", {"hidden_size": 0}, "hidden_size is 0; it must be positive"),
        ("lru", {"r_min": 0.9, "r_max": 0.5}, "r_min is 0.9 and r_max is 0.5; it must be 0 <= r_min <= r_max <= 1"),
        ("lru", {"max_phase": 0.0}, "max_phase is 0.0; it must be positive"),
        ("rtu", {"activation": "gelu"}, "activation is 'gelu'; it must be one of tanh, relu"),
    ],
)
def test_bad_choices_are_named(name: str, arguments: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make_memory(name, D, **arguments)
