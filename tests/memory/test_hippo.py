"""HiPPO: what the theory says of measures, schemes, resets and credit."""

from collections.abc import Callable
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor

from memorl.kernels import hippo_cell_loop, hippo_loop, steps_since_start
from memorl.kernels.hippo import steps as hippo_steps
from memorl.kernels.hippo.legs import SCHEMES, legs_transition, orthonormal
from memorl.kernels.hippo.measures import MEASURES, discretise, functions, matrices
from memorl.kernels.hippo.reference import hippo_cell_loop_reference, hippo_loop_reference
from memorl.kernels.hippo.steps import legs_step
from memorl.memory import HiPPO, HiPPOLinear, Memory
from memorl.memory.parts.hippo_memory import Discretisation, HiPPOMeasure
from tests.oracles.literal import legs
from tests.oracles.literal import legs_step as literal_step
from tests.support.cores import outputs_and_gradients

pytestmark = pytest.mark.usefixtures("float64")
WINDOWS = MEASURES[1:]


def remember(f: Tensor, order: int, scheme: str = "zoh", clock: float = 0.0, c: Tensor | None = None) -> Tensor:
    """The coefficients after every sample of f [T, C], by LegS: [T, C, N]."""
    starts = torch.zeros(len(f), 1, dtype=torch.bool)
    c = f.new_zeros(1, f.shape[1], order) if c is None else c
    return hippo_loop(f[:, None], c, starts, steps_since_start(starts, torch.full((1,), clock)), None, scheme)[:, 0]


def integral(order: int, edges: Tensor) -> Tensor:
    """The integral of p_n from 0 to each edge in [0, 1], [edges, N], by (2 n + 1) P_n = (P_{n+1} - P_{n-1})'."""
    n = torch.arange(order + 1.0)
    P = orthonormal(edges, order + 1) / (2 * n + 1).sqrt()
    inner = (P[:, 2:] - P[:, :-2]) / (2 * (2 * n[1:-1] + 1).sqrt())
    return torch.cat([edges[:, None], inner], 1)[:, :order]


def projection(f: Tensor, order: int) -> Tensor:
    """The Legendre coefficients of the step function f [T, C] on [0, 1], [C, N]."""
    return f.T @ integral(order, torch.linspace(0, 1, len(f) + 1)).diff(dim=0)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("order", [2, 16, 64])
def test_a_constant_is_remembered_for_ever(measure: str, order: int) -> None:
    A, B = matrices(measure, order)
    torch.testing.assert_close(A[:, 0], B, atol=0, rtol=0)
    f = functions(measure, order, torch.linspace(0, 1, 7))
    torch.testing.assert_close(f[:, 0], torch.ones(7))
    if measure == "legs":
        for scheme in ("bilinear", "zoh"):
            assert torch.equal(remember(torch.full((200, 1), 2.5), order, scheme)[-1, 0, 1:], torch.zeros(order - 1))


def test_the_symmetric_parts_of_the_matrices() -> None:
    N = 32
    s = (-1.0) ** torch.arange(N)
    eye = torch.eye(N)
    for measure, rest in (("legs", eye), ("lagt", eye), ("legt", None)):
        A, B = matrices(measure, N)
        expected = rest if rest is not None else torch.outer(s * B, s * B)
        torch.testing.assert_close(A + A.T, expected + torch.outer(B, B), atol=1e-12, rtol=0)
    torch.testing.assert_close(matrices("legs", N)[0], legs(N))


def test_lmu_is_legt_in_another_scale() -> None:
    (A, B) = matrices("legt", 32)
    (A_lmu, B_lmu) = matrices("lmu", 32)
    scale = B * (-1.0) ** torch.arange(32)
    torch.testing.assert_close(scale[:, None] * A / scale, A_lmu, atol=1e-11, rtol=1e-13)
    torch.testing.assert_close(scale * B, B_lmu)
    p = torch.rand(5)
    torch.testing.assert_close(functions("lmu", 32, p) * scale, functions("legt", 32, p))


@pytest.mark.parametrize("measure", ["legs", "legt"])
def test_energy_never_grows_beyond_what_was_put_in(measure: str) -> None:
    """d (t |c|^2) / dt = f^2 - (f - B c)^2 - ..., which the bilinear step obeys at the middle of c and c'."""
    A, B = matrices(measure, 24)
    f = torch.randn(60, 1)
    c = torch.zeros(24)
    s = (-1.0) ** torch.arange(24)
    M = discretise(A, 0.01, "bilinear")
    for k in range(60):
        new = (remember(f[: k + 1], 24, "bilinear")[-1, 0]) if measure == "legs" else None
        if new is None:
            sample = f[k] * torch.eye(24)[0]
            new = sample + M @ (c - sample)
        middle = (c + new) / 2
        d = 1 / max(k, 1) if measure == "legs" else 0.01
        lost = middle @ middle if measure == "legs" else (s * B @ middle) ** 2
        if measure == "legt" or k > 0:
            change = d * (f[k, 0] ** 2 - lost - (f[k, 0] - B @ middle) ** 2)
            torch.testing.assert_close(new @ new - c @ c, change, atol=1e-12, rtol=0)
        c = new


@pytest.mark.parametrize("order", [1, 2, 16, 64])
def test_zoh_is_the_legendre_projection(order: int) -> None:
    f = torch.randn(40, 2)
    torch.testing.assert_close(remember(f, order)[-1], projection(f, order), atol=1e-12, rtol=0)


def test_there_is_no_longest_episode() -> None:
    f = torch.randn(5000, 1)
    torch.testing.assert_close(remember(f, 16)[-1], projection(f, 16), atol=1e-10, rtol=0)
    jump = remember(f[3000:], 16, clock=3000.0, c=remember(f[:3000], 16)[-1:])
    torch.testing.assert_close(jump[-1], projection(f, 16), atol=1e-10, rtol=0)


def test_another_speed_gives_the_same_memory() -> None:
    """Exactly with zoh, and with bilinear the nearer the slower."""
    f = torch.randn(40, 1)
    exact = remember(f, 8)[-1]
    gaps = []
    for times in (1, 4, 16):
        slower = f.repeat_interleave(times, 0)
        torch.testing.assert_close(remember(slower, 8)[-1], exact, atol=1e-12, rtol=0)
        gaps.append(float((remember(slower, 8, "bilinear")[-1] - exact).abs().max()))
    assert all(2.5 * b < a for a, b in pairwise(gaps))


@pytest.mark.parametrize(("order", "says"), [(16, (7.3, 4.1, 3.1, 7.3)), (64, (13.1, 8.1, 6.3, 13.1))])
def test_the_gradient_of_a_sample_does_not_decay(order: int, says: tuple[float, ...]) -> None:
    """It is the cell average of the polynomials, of size 1 / t wherever the sample lies (proposition 5)."""
    f = torch.randn(200, 1, requires_grad=True)
    c = remember(f, order)[-1, 0]
    jacobian = torch.stack([torch.autograd.grad(c[n], f, retain_graph=True)[0][:, 0] for n in range(order)], 1)
    torch.testing.assert_close(jacobian, integral(order, torch.linspace(0, 1, 201)).diff(dim=0), atol=1e-12, rtol=0)
    sizes = 200 * jacobian[[1, 20, 100, 198]].norm(dim=1)
    torch.testing.assert_close(sizes, torch.tensor(says), atol=0.06, rtol=0)


def test_the_kernel_of_legs_without_its_clock() -> None:
    """e^{-A t} B is a Legendre polynomial of an exponentially warped past: the start of S4."""
    A, B = matrices("legs", 32)
    for t in (0.01, 0.5, 2.0):
        e = torch.tensor(-t).exp()
        torch.testing.assert_close(torch.linalg.matrix_exp(-A * t) @ B, e * orthonormal(e, 32), atol=1e-11, rtol=0)
        torch.testing.assert_close(legs_transition(1 / (1 / e - 1)[None], 32, "zoh")[0] @ B, e * orthonormal(e, 32))


def joined(a: tuple[float, Tensor], b: tuple[float, Tensor]) -> tuple[float, Tensor]:
    """The memory of one stretch followed by another, of the memories of both."""
    (n, c) = a
    (m, d) = b
    N = len(a[1])
    r = n / (n + m)
    nodes, weights = gauss(N)
    left = orthonormal(r * nodes, N)
    right = orthonormal(r + (1 - r) * nodes, N)
    p = orthonormal(nodes, N) * weights[:, None]
    return n + m, r * left.T @ (p @ c) + (1 - r) * right.T @ (p @ d)


def gauss(N: int) -> tuple[Tensor, Tensor]:
    nodes, weights = np.polynomial.legendre.leggauss(N)
    return torch.from_numpy((nodes + 1) / 2), torch.from_numpy(weights / 2)


def test_stretches_join_in_any_order() -> None:
    """(samples, coefficients) is a semigroup: a tree of joins, as in a parallel scan, ends where the loop ends."""
    f = torch.randn(37, 1)
    N = 24
    leaves = [(1.0, v * torch.eye(N)[0]) for v in f]
    a = leaves[0]
    b = joined(leaves[1], leaves[2])
    c = leaves[3]
    torch.testing.assert_close(joined(joined(a, b), c)[1], joined(a, joined(b, c))[1], atol=1e-12, rtol=0)
    while len(leaves) > 1:
        pairs = [joined(*leaves[i : i + 2]) for i in range(0, len(leaves) - 1, 2)]
        leaves = pairs + leaves[2 * len(pairs) :]
    torch.testing.assert_close(leaves[0][1], remember(f, N)[-1, 0], atol=1e-12, rtol=0)


def band_limited(length: int, seconds: float, hertz: float) -> Tensor:
    """A random signal of unit variance without frequencies above `hertz`, [length, 1]."""
    w = 2 * np.pi * np.arange(1, int(hertz * seconds) + 1) / seconds
    a, b = np.random.default_rng(0).normal(size=(2, len(w)))
    angle = torch.from_numpy(np.outer(w, np.arange(length) * seconds / length))
    y = torch.from_numpy(a) @ angle.cos() + torch.from_numpy(b) @ angle.sin()
    return (y / y.square().mean().sqrt())[:, None]


@pytest.mark.parametrize(
    ("scheme", "errors"),
    [
        ("bilinear", (0.338, 0.0081, 4.0e-5)),
        ("zoh", (0.338, 0.0081, None)),
        ("backward_euler", (None, None, 5.7e-3)),
        ("euler", (None, None, 8e-3)),
    ],
)
def test_the_past_is_read_back_as_well_as_the_scheme_can(scheme: str, errors: tuple[float | None, ...]) -> None:
    """The mean squared error over 10 s of 1 Hz, 2000 samples; with 16 and 32 no polynomial does better."""
    f = band_limited(2000, 10, 1)
    p = (torch.arange(2000) + 0.5) / 2000
    for order, error in zip((16, 32, 64), errors, strict=True):
        if error is not None:
            read = functions("legs", order, p) @ remember(f, order, scheme)[-1, 0]
            assert float((read - f[:, 0]).square().mean()) == pytest.approx(error, rel=0.05)
            best = functions("legs", order, p) @ projection(f, order)[0]
            assert (read - f[:, 0]).square().mean() > 0.999 * (best - f[:, 0]).square().mean()


def shapes(length: int, seed: int | None, waves: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """800 noisy curves of 8 classes, played in `length` steps: [length, 1, 800], and their classes."""
    rng = rng if seed is None else np.random.default_rng(seed)
    label = rng.integers(0, 8, 800)
    weight = waves[label] + 0.15 * rng.normal(size=(800, 2, 4))
    angle = np.pi * np.outer(np.arange(1, 5), (np.arange(length) + 0.5) / length)
    curve = weight[:, 0] @ np.cos(angle) + weight[:, 1] @ np.sin(angle)
    return torch.from_numpy((curve + 0.05 * rng.normal(size=curve.shape)).T[:, None]), torch.from_numpy(label)


def test_only_legs_knows_a_curve_at_another_speed() -> None:
    """A linear classifier of 16 numbers, fitted at 100 steps, asked at 100, 50, 200 and 400 steps; chance is 0.125."""
    rng = np.random.default_rng(0)
    waves = rng.normal(size=(8, 2, 4))
    decay = torch.from_numpy(1 / np.geomspace(1.5, 200, 16))
    window = discretise(matrices("legt", 16)[0], 0.01, "bilinear")

    def hippo(u: Tensor, M: Tensor | None) -> Tensor:
        starts = torch.zeros(len(u), 1, dtype=torch.bool)
        return hippo_loop(u, torch.zeros(1, 800, 16), starts, steps_since_start(starts, torch.zeros(1)), M)[-1, 0]

    def averages(u: Tensor) -> Tensor:
        c = torch.zeros(800, 16)
        for u_t in u[:, 0]:
            c = c + (u_t[:, None] - c) * decay
        return c

    memories = {"legs": lambda u: hippo(u, None), "legt": lambda u: hippo(u, window), "averages": averages}
    curves, label = shapes(100, None, waves, rng)
    tests = [shapes(length, 5, waves, rng) for length in (100, 50, 200, 400)]
    right: dict[str, list[float]] = {}
    for name, memory in memories.items():
        X = torch.nn.functional.pad(memory(curves), (0, 1), value=1.0)
        Y = torch.eye(8)[label]
        fitted = torch.linalg.solve(X.T @ X + 1e-3 * torch.eye(17), X.T @ Y)
        scores = [(memory(u) @ fitted[:-1] + fitted[-1], labels) for u, labels in tests]
        right[name] = [float((score.argmax(1) == labels).double().mean()) for score, labels in scores]
    assert right["legs"] == pytest.approx([0.995, 0.984, 0.994, 0.991], abs=0.004)
    assert right["legt"] == pytest.approx([0.994, 0.154, 0.219, 0.031], abs=0.02)
    assert right["averages"] == pytest.approx([0.969, 0.061, 0.155, 0.069], abs=0.02)


@pytest.mark.parametrize("scheme", SCHEMES[:3])
@pytest.mark.parametrize("order", [1, 2, 9])
def test_the_structured_step_is_the_dense_one(scheme: str, order: int) -> None:
    A, B, eye = *matrices("legs", order), torch.eye(order)
    u = torch.randn(4, 2)
    c = torch.randn(4, 2, order)
    k = torch.tensor([1.0, 2.0, 7.0, 1000.0])
    got = legs_step(u, c, k, scheme)
    ahead = {"euler": 0.0, "bilinear": 0.5, "backward_euler": 1.0}[scheme]
    for row, d in enumerate(1 / k):
        put = (c[row] - (1 - ahead) * d * c[row] @ A.T) + d * u[row, :, None] * B
        dense = torch.linalg.solve(eye + ahead * d * A, put.T).T
        torch.testing.assert_close(got[row], dense)
        moved = torch.nn.functional.pad(u[row, :, None], (0, order - 1))
        M = legs_transition(k[row : row + 1], order, scheme)[0]
        torch.testing.assert_close(moved + (c[row] - moved) @ M.T, dense)
    if scheme == "bilinear":
        torch.testing.assert_close(got[2], literal_step(c[2], u[2], 7))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_row_that_starts_anew_is_a_run_of_its_own(scheme: str) -> None:
    u = torch.randn(30, 3, 1)
    starts = torch.zeros(30, 3, dtype=torch.bool)
    starts[11, 1] = starts[20, 1] = starts[0] = True
    c = hippo_loop(
        u,
        torch.full((3, 1, 8), torch.nan),
        starts,
        steps_since_start(starts, torch.tensor([3.0, 9.0, 0.0])),
        None,
        scheme,
    )
    for row, begin, end in ((0, 0, 30), (1, 0, 11), (1, 11, 20), (1, 20, 30), (2, 0, 30)):
        torch.testing.assert_close(c[begin:end, row], remember(u[begin:end, row], 8, scheme), atol=1e-13, rtol=1e-10)
    torch.testing.assert_close(c[11, 1, 0], u[11, 1] * torch.eye(8)[0], atol=0, rtol=0)


@pytest.mark.parametrize("measure", ["legt", "lmu", "fout", "lagt"])
def test_a_window_is_read_back_and_forgotten(measure: str) -> None:
    """The error falls with the order; what has left the window is gone, the better the larger the order."""
    theta = 200
    rest = []
    error = []
    f = torch.sin(2 * torch.pi * 1.3 * torch.arange(600) / theta)
    u = torch.cat([f, torch.zeros(240)])[:, None, None]
    starts = torch.zeros(len(u), 1, dtype=torch.bool)
    for order in (8, 32):
        M = discretise(matrices(measure, order)[0], 1 / theta, "zoh")
        c = hippo_loop(u, torch.zeros(1, 1, order), starts, torch.zeros(len(u), 1), M)[:, 0, 0]
        p = (torch.arange(theta) + 0.5) / theta
        error.append((functions(measure, order, p) @ c[599] - f[-theta:])[20:-20].square().mean().sqrt())
        rest.append(c[-1].norm() / c[599].norm())
    assert error[1] < 0.7 * error[0]
    assert error[1] < {"lagt": 0.6, "fout": 0.15}.get(measure, 0.01)
    if measure != "lagt":
        assert rest[1] < 0.7 * rest[0] < 0.35


def test_fourier_converges_to_the_window_and_not_to_a_mean_of_its_ends() -> None:
    theta = 1000
    errors = []
    t = torch.arange(4 * theta) / theta
    f = torch.sin(2 * torch.pi * 0.7 * t) + 0.5 * torch.cos(2 * torch.pi * 1.9 * t + 0.3)
    starts = torch.zeros(len(f), 1, dtype=torch.bool)
    for order in (16, 64):
        M = discretise(matrices("fout", order)[0], 1 / theta, "bilinear")
        c = hippo_loop(f[:, None, None], torch.zeros(1, 1, order), starts, torch.zeros(len(f), 1), M)[-1, 0, 0]
        true = functions("fout", order, (torch.arange(theta) + 0.5) / theta).T @ f[-theta:] / theta
        errors.append(float((c - true).abs().max()))
    assert errors[0] < 0.03
    assert errors[1] < 0.007


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("scheme", ["bilinear", "zoh", "backward_euler"])
def test_float32_holds_at_any_order(measure: str, scheme: str) -> None:
    u = torch.randn(300, 1, 1)
    starts = torch.zeros(300, 1, dtype=torch.bool)
    M = None if measure == "legs" else discretise(matrices(measure, 128)[0], 1 / 64, scheme)
    k = steps_since_start(starts, torch.zeros(1))
    c = torch.zeros(1, 1, 128)
    exact = hippo_loop(u, c, starts, k, M, scheme)
    rough = hippo_loop(u.float(), c.float(), starts, k.float(), None if M is None else M.float(), scheme)
    assert (rough - exact).abs().max() < 2e-5 * exact.abs().max()


@pytest.mark.parametrize("build", [HiPPO, HiPPOLinear])
def test_reconstruct_gives_back_what_was_written(build: type[HiPPO | HiPPOLinear]) -> None:
    memory = build(2, 4, channels=2, order=48)
    write = memory.write if isinstance(memory, HiPPOLinear) else memory.write_x
    with torch.no_grad():
        write.weight.copy_(torch.eye(2))
        if isinstance(memory, HiPPO):
            memory.write_h.zero_()
    t = torch.linspace(0, 1, 500)
    x = torch.stack([torch.sin(9 * t), t**2], -1)[:, None].expand(-1, 3, -1)
    seen_by = memory(x)[1]
    past = memory.reconstruct(seen_by, (torch.arange(500) + 0.5) / 500)
    assert past.shape == (3, 2, 500)
    torch.testing.assert_close(past[1].T, x[:, 1], atol=0.02, rtol=0)
    for points in (torch.tensor([0.5, 1.5]), torch.zeros(1, 1)):
        with pytest.raises(ValueError, match=r"points has shape .*; it must be \[P\], from 0 \(oldest\)"):
            memory.reconstruct(seen_by, points)


@pytest.mark.parametrize("measure", ["legs", "legt"])
def test_rtrl_gives_the_gradient_over_the_whole_history(measure: str) -> None:
    """Ten chunks, a loss in the last alone, starts in between: as exact as one sequence of all of them."""
    long = torch.randn(50, 6, 3)
    starts = torch.rand(50, 6) < 0.05
    weight = torch.randn(5, 6, 5)
    grads = {}
    outputs = {}
    for credit, chunks in (("rtrl", 10), ("bptt", 1), ("bptt", 10)):
        torch.manual_seed(1)
        memory = HiPPOLinear(3, 5, 2, 6, measure=measure, theta=20.0, credit=credit)
        state = None
        y = torch.empty(0)
        for part, begun in zip(long.chunk(chunks), starts.chunk(chunks), strict=True):
            state = None if state is None else {name: value.detach() for name, value in state.items()}
            y, state = memory(part, state, begun)
        (y[-5:] * weight).sum().backward()
        grads[credit, chunks] = {name: p.grad for name, p in memory.named_parameters()}
        outputs[credit, chunks] = y[-5:]
    torch.testing.assert_close(outputs["rtrl", 10], outputs["bptt", 1])
    torch.testing.assert_close(grads["rtrl", 10], grads["bptt", 1], atol=1e-10, rtol=1e-10)
    cut = grads["bptt", 10]["write.weight"]
    assert (cut - grads["bptt", 1]["write.weight"]).norm() > 0.1 * cut.norm()


@pytest.mark.parametrize("build", [HiPPO, HiPPOLinear])
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"order": 64, "discretisation": "euler"}, "order is 64; with discretisation euler it must be below 64"),
        ({"order": 32, "discretisation": "euler", "measure": "legt"}, "euler; it is not stable for legt of order 32"),
        ({"order": 7, "measure": "fout"}, "order is 7; it must be even"),
        ({"order": 0}, "order is 0; it must be from 1 to 4,096"),
        ({"theta": -1.0}, r"theta is -1.0; it must be positive"),
        ({"channels": 0}, "channels is 0; it must be positive"),
        ({"measure": "leg"}, "measure is 'leg'; it must be one of legs, legt"),
        ({"discretisation": "tustin"}, "discretisation is 'tustin'; it must be one of euler"),
    ],
)
def test_bad_arguments_are_named(build: type[Memory], arguments: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        build(3, **arguments)
    with pytest.raises(ValueError, match="credit is 'none'; it must be one of bptt, rtrl"):
        HiPPOLinear(3, credit="none")


def test_the_choices_are_the_measures_and_schemes_of_the_kernels() -> None:
    assert get_args(HiPPOMeasure) == MEASURES
    assert get_args(Discretisation) == SCHEMES


def arguments(core: str, M: Tensor | None, scheme: str, T: int = 9) -> tuple[Tensor | str | None, ...]:
    """Of T steps, 3 rows, 2 channels, 5 coefficients and 4 units, with starts."""

    def leaf(*shape: int) -> Tensor:
        return torch.randn(shape, requires_grad=True)

    first = torch.rand(T, 3) < 0.2
    k = steps_since_start(first, torch.tensor([0.0, 4.0, 900.0]))
    if core == "hippo_loop":
        return leaf(T, 3, 2), leaf(3, 2, 5), first, k, M, scheme
    return leaf(T, 3, 2), leaf(T, 3, 8), leaf(3, 2, 5), leaf(3, 4), first, k, leaf(2, 4), leaf(8, 10), M, scheme


CORES = {
    "hippo_loop": (hippo_loop, hippo_loop_reference),
    "hippo_cell_loop": (hippo_cell_loop, hippo_cell_loop_reference),
}


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("scheme", [*SCHEMES, "window"])
@pytest.mark.parametrize("T", [1, 9])
@pytest.mark.parametrize("room", [2**22, 100])
def test_the_core_is_its_reference(core: str, scheme: str, T: int, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the matrices of all steps do not fit, and the incoming gradients are left alone."""
    monkeypatch.setattr(hippo_steps, "MAX_MATRIX_NUMBERS", room)
    window = scheme == "window"
    args = arguments(core, torch.randn(5, 5) / 3 if window else None, "zoh" if window else scheme, T)
    inputs = [torch.randn(T, 3, 2, 5)] if core == "hippo_loop" else [torch.randn(T, 3, 4), torch.randn(T, 3, 2, 5)]
    kept = [g.clone() for g in inputs]
    fast, slow = (outputs_and_gradients(f, args, inputs) for f in CORES[core])
    for a, b in zip(fast, slow, strict=True):
        torch.testing.assert_close(a, b, atol=1e-11, rtol=1e-9)
    assert all(torch.equal(a, b) for a, b in zip(inputs, kept, strict=True))


@pytest.mark.parametrize("core", CORES)
def test_the_operator_is_well_formed(core: str) -> None:
    args = arguments(core, None, "bilinear", 3)
    torch.library.opcheck(getattr(torch.ops.memorl, core + "_torch"), args)
    assert torch.autograd.gradcheck(CORES[core][0], args)


@pytest.mark.parametrize("core", CORES)
def test_nothing_uninitialised_is_read(core: str, monkeypatch: pytest.MonkeyPatch) -> None:
    args = arguments(core, None, "bilinear")
    inputs = [torch.ones(9, 3, 4), torch.ones(9, 3, 2, 5)]
    inputs = inputs[1:] if core == "hippo_loop" else inputs
    expected = outputs_and_gradients(CORES[core][0], args, inputs)

    def poisoned(real: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def make(*a: object, **k: object) -> Tensor:
            made = real(*a, **k)
            return made.fill_(float("nan") if made.is_floating_point() else 10**9)

        return make

    for maker in ("empty_like", "empty"):
        monkeypatch.setattr(torch, maker, poisoned(getattr(torch, maker)))
    monkeypatch.setattr(Tensor, "new_empty", poisoned(Tensor.new_empty))
    for a, b in zip(outputs_and_gradients(CORES[core][0], args, inputs), expected, strict=True):
        assert torch.equal(a, b)
