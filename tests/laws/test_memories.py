"""The laws that every memory obeys. A new memory is tested by being in configs/memory/."""

import copy
from typing import get_args, get_type_hints

import pytest
import torch
from torch import Tensor
from torch._dynamo.testing import CompileCounterWithBackend
from torch.autograd import forward_ad

from memorl.memory import Block, FromCell, Memory, Parallel, Stack, State, concat, select
from tests.oracles.literal import LITERAL
from tests.support.memories import make_memory, memory_file, names

T = 13
B = 6
D = 3
pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture
def memory(memory_name: str) -> Memory:
    return make_memory(memory_name, D)


@pytest.fixture
def x() -> Tensor:
    return torch.randn(T, B, D)


@pytest.fixture
def first() -> Tensor:
    """Starts that fall anywhere; row 0 has none and row 1 one at every step."""
    first = torch.rand(T, B) < 0.2
    first[:, 0] = False
    first[:, 1] = True
    return first


@pytest.fixture
def state(memory: Memory) -> State:
    """Return the state after five steps."""
    with torch.no_grad():
        return memory(torch.randn(5, B, D))[1]


def same(a: State, b: State) -> None:
    assert a.keys() == b.keys()
    for name in a:
        torch.testing.assert_close(a[name], b[name])


def test_a_sequence_is_its_steps(memory: Memory, x: Tensor, state: State, first: Tensor) -> None:
    y, end = memory(x, state, first)
    for t in range(T):
        y_t, state = memory(x[t : t + 1], state, first[t : t + 1])
        torch.testing.assert_close(y_t[0], y[t])
    same(state, end)


@pytest.mark.parametrize("cut", [1, 5, T - 1])
def test_splitting_changes_nothing(memory: Memory, x: Tensor, state: State, first: Tensor, cut: int) -> None:
    y, end = memory(x, state, first)
    a, middle = memory(x[:cut], state, first[:cut])
    b, after = memory(x[cut:], middle, first[cut:])
    torch.testing.assert_close(torch.cat([a, b]), y)
    same(after, end)


@pytest.mark.parametrize("t", [0, 4])
def test_first_forgets(memory: Memory, x: Tensor, state: State, first: Tensor, t: int) -> None:
    first[t] = True
    spoilt = {name: torch.full_like(value, float("nan")) for name, value in state.items() if value.is_floating_point()}
    y, end = memory(x, state | spoilt if t == 0 else state, first)
    alone, alone_end = memory(x[t:], None, first[t:])
    torch.testing.assert_close(y[t:], alone)
    same(end, alone_end)


def test_no_gradient_flows_across_first(memory: Memory, x: Tensor, state: State, first: Tensor) -> None:
    first[4] = True
    leaves = [x.requires_grad_(), *(v.requires_grad_() for v in (v.detach() for v in state.values()))]
    y, end = memory(x, dict(zip(state, leaves[1:], strict=True)), first)
    grads = torch.autograd.grad(y[4:].sum() + sum(v.sum() for v in end.values()), leaves, allow_unused=True)
    assert grads[0] is not None
    assert grads[0][4:].abs().sum() > 0
    assert grads[0][:4].abs().max() == 0
    assert all(grad is None or grad.abs().max() == 0 for grad in grads[1:])


def test_rows_do_not_mix(memory: Memory, x: Tensor, state: State, first: Tensor) -> None:
    y, end = memory(x, state, first)
    order = torch.randperm(B)[: B - 1]
    z, after = memory(x[:, order], select(state, order), first[:, order])
    torch.testing.assert_close(z, y[:, order])
    same(after, select(end, order))
    halves = concat([select(state, torch.arange(2)), select(state, torch.arange(2, B))])
    same(halves, state)


def test_no_look_ahead(memory: Memory, x: Tensor, state: State, first: Tensor) -> None:
    changed = x.clone()
    changed[7:] += 1
    torch.testing.assert_close(memory(changed, state, first)[0][:7], memory(x, state, first)[0][:7])


def test_shapes_and_types_persist(memory: Memory, x: Tensor, first: Tensor) -> None:
    start = memory.initial_state(B)
    y, end = memory(x, start, first)
    assert y.shape == (T, B, memory.output_size)
    assert all(len(value) == B for value in start.values())
    described = [{k: (v.shape, v.dtype, v.device) for k, v in s.items()} for s in (start, end)]
    assert described[0] == described[1]
    torch.testing.assert_close(memory(x)[0], memory(x, start, torch.zeros(T, B, dtype=torch.bool))[0])


def test_the_state_stays_float32_under_autocast(memory_name: str, first: Tensor) -> None:
    """And a sequence still equals its steps, to rounding in float32: the recurrence itself is not cast."""
    torch.set_default_dtype(torch.float32)
    memory = make_memory(memory_name, D)
    x = torch.randn(T, B, D)
    state = memory.initial_state(B)
    with torch.autocast("cpu", torch.bfloat16):
        y, end = memory(x, state, first)
        for t in range(T):
            y_t, state = memory(x[t : t + 1], state, first[t : t + 1])
            torch.testing.assert_close(y_t[0], y[t], atol=1e-6, rtol=1e-6)
        y.float().sum().backward() if y.requires_grad else None
    assert {value.dtype for value in end.values()} <= {torch.float32}


def test_reach(memory: Memory, x: Tensor) -> None:
    x = x[:1].repeat(T, 1, 1).requires_grad_()  # an input that stays, so that a rectified unit that is on stays on
    y, _ = memory(x)
    (moved,) = torch.autograd.grad(y[-1].sum(), x)
    reached = [t for t in range(T) if moved[T - 1 - t].abs().max() > 0]
    assert reached == list(range(T if memory.horizon is None else memory.horizon + 1))


def test_parity_with_the_literal_equations(memory_name: str, memory: Memory, x: Tensor, first: Tensor) -> None:
    leaves = [x.requires_grad_(), *memory.parameters()]
    y, _ = memory(x, None, first)
    rows = []
    for b in range(B):
        starts = sorted({0, *first[:, b].nonzero().flatten().tolist()})
        episodes = [x[s:e, b] for s, e in zip(starts, [*starts[1:], T], strict=True)]
        rows.append(
            torch.stack([out for run in episodes for out in LITERAL[memory_name.partition("[")[0]](memory, list(run))])
        )
    literal = torch.stack(rows, 1)
    torch.testing.assert_close(y, literal)
    weight = torch.randn_like(y)
    ours, theirs = (torch.autograd.grad((out * weight).sum(), leaves) for out in (y, literal))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_weights_of_torch_are_taken_and_equalled(name: str, x: Tensor) -> None:
    memory = make_memory(name, D)
    peer = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[name](D, memory.output_size)
    memory.load_state_dict(peer.state_dict())
    torch.testing.assert_close(memory(x)[0], peer(x)[0])


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiles_once_for_every_pattern_of_starts(
    backend: str, memory_name: str, memory: Memory, x: Tensor, state: State, first: Tensor
) -> None:
    torch._dynamo.reset()
    counter = CompileCounterWithBackend(backend)
    compiled = torch.compile(memory, fullgraph=True, backend=counter)
    counts = []
    for pattern in (first, ~first, torch.zeros_like(first)):
        torch.testing.assert_close(compiled(x, state, pattern)[0], memory(x, state, pattern)[0])
        counts.append(counter.frame_count)
    assert len(set(counts)) == 1
    for length in (7, 5, 4, 9):
        torch.testing.assert_close(
            compiled(x[:length], state, first[:length])[0], memory(x[:length], state, first[:length])[0]
        )
        counts.append(counter.frame_count)
    if memory_name not in ("from_cell", "own_package"):  # their loop is unrolled, so every length is another program
        assert len(set(counts[3:])) == 1, "the second length makes a program for all lengths"


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")  # torch's own
def test_functional_transforms(memory_name: str, memory: Memory, x: Tensor, state: State, first: Tensor) -> None:
    """`torch.func.grad` gives the gradient of backward, and `vmap` what a loop gives."""
    values = dict(memory.named_parameters())

    def loss(values: dict[str, Tensor], x: Tensor) -> Tensor:
        return (torch.func.functional_call(memory, values, (x, state, first))[0] ** 2).sum()

    xs = torch.stack([x, 2 * x])
    if "rtrl" in memory_name and "hippo" not in memory_name:
        with pytest.raises(NotImplementedError, match="credit='rtrl' works with backward"):
            torch.func.grad(loss)(values, x)
        return
    each = torch.stack([loss(values, one) for one in xs])
    torch.testing.assert_close(torch.func.vmap(loss, (None, 0))(values, xs), each)
    tangent = torch.randn_like(x)
    _, slope = torch.func.jvp(lambda x: loss(values, x), (x,), (tangent,))
    with forward_ad.dual_level():
        frozen = {name: value.detach() for name, value in values.items()}
        dual = forward_ad.unpack_dual(loss(frozen, forward_ad.make_dual(x, tangent)))
    torch.testing.assert_close(dual.tangent, slope.detach())
    (direct,) = torch.autograd.grad(loss(values, x.requires_grad_()), x)
    torch.testing.assert_close(slope, (direct * tangent).sum())
    if each.requires_grad:
        expected = torch.autograd.grad(each[0], list(values.values()))
        found = torch.func.grad(loss)(values, x)
        for (name, value), grad in zip(found.items(), expected, strict=True):
            torch.testing.assert_close(value, grad, msg=lambda m, n=name: f"{n}: {m}")


def test_copies_saves_and_exports(memory_name: str, memory: Memory, x: Tensor, state: State, first: Tensor) -> None:
    y, _ = memory(x, state, first)
    torch.testing.assert_close(copy.deepcopy(memory)(x, state, first)[0], y)
    other = make_memory(memory_name, D)
    other.load_state_dict(memory.state_dict())
    torch.testing.assert_close(other(x, state, first)[0], y)
    step = torch.export.export(memory, (x[:1], state, first[:1])).module()
    torch.testing.assert_close(step(x[:1], state, first[:1])[0], y[:1])


@pytest.mark.parametrize("memory_name", [name for name in names() if "rtrl" not in name])  # whole sequences: the same
def test_learns_to_recall_one_bit_over_32_steps(memory_name: str) -> None:
    """The bit is shown first and asked for at every step; without looking back 32 steps the last is chance."""
    torch.set_default_dtype(torch.float32)
    memory = make_memory(memory_name, 2, hidden_size=32, k=40, dim=32, window=40)
    readout = torch.nn.Linear(memory.output_size, 1)
    optimizer = torch.optim.Adam([*memory.parameters(), *readout.parameters()], lr=0.01)
    correct = torch.zeros(())
    for _ in range(400):
        bit = torch.randint(2, (64,)).float()
        x = torch.randn(33, 64, 2) * 0.02
        x[0, :, 0] = 2 * bit - 1
        logit = readout(memory(x)[0]).squeeze(-1)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logit, bit.expand_as(logit))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        correct = ((logit[-1] > 0) == bit.bool()).float().mean()
        if loss < 0.01:
            break
    far = memory.horizon is None or memory.horizon >= 32
    assert correct == 1 if far else correct < 0.8


@pytest.mark.parametrize(
    ("x", "first", "says"),
    [
        (torch.zeros(T, B, D + 1), None, r"x has shape \(13, 6, 4\); expected \[T >= 1, B >= 1, 3\]"),
        (torch.zeros(B, D), None, r"x has shape \(6, 3\)"),
        (torch.zeros(0, B, D), None, r"x has shape \(0, 6, 3\)"),
        (torch.zeros(T, B, D), torch.zeros(T, B), r"first has shape \(13, 6\) and dtype torch.float"),
        (torch.zeros(T, B, D), torch.zeros(B, T, dtype=torch.bool), r"first has shape \(6, 13\)"),
    ],
)
def test_bad_input_is_named(memory: Memory, x: Tensor, first: Tensor | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        memory(x, None, first)


def test_a_state_that_does_not_fit_is_named(memory: Memory, x: Tensor, state: State) -> None:
    with pytest.raises(ValueError, match=r"state is .*; expected .* of 6 rows"):
        memory(x, state | {"unknown": torch.zeros(B)})
    for name, value in state.items():
        with pytest.raises(ValueError, match=f"state is .*; expected .*{name}.* of 6 rows"):
            memory(x, state | {name: value[:1]})
        if value.dim() > 1:
            with pytest.raises(ValueError, match=f"state is .*; expected .*{name}.* of 6 rows"):
                memory(x, state | {name: value[:, :-1]})
        with pytest.raises(ValueError, match=rf"^state\['{name}'\] is of torch.float16; it must be of "):
            memory(x, state | {name: value.half()})
        with pytest.raises(ValueError, match=rf"^state\['{name}'\] is a ndarray; it must be a tensor"):
            memory(x, state | {name: value.numpy()})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match=r"^state is 'h'; it must be a dictionary of tensors"):
        memory(x, "h")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "argument"), [("gru", "hidden_size"), ("lstm", "hidden_size"), ("frame_stack", "k"), ("trxl", "window")]
)
def test_bad_sizes_are_named(name: str, argument: str) -> None:
    with pytest.raises(ValueError, match=f"{argument} is 0; it must be positive"):
        make_memory(name, D, **{argument: 0})
    with pytest.raises(ValueError, match="input_size is -1; it must be positive"):
        make_memory(name, -1)


@pytest.mark.parametrize("name", names())
def test_every_argument_that_is_a_float_may_be_a_whole_number(name: str) -> None:
    plain = memory_file(name.partition("[")[0])[1]
    hints = get_type_hints(plain.__init__)
    ones = {key: 1 for key, hint in hints.items() if hint is float or float in get_args(hint)}
    memory = make_memory(name, D, **ones)
    assert all(p.is_floating_point() or p.is_complex() for p in memory.parameters())
    y, _ = memory(torch.randn(2, 3, D))
    assert y.isfinite().all()


@pytest.mark.parametrize(("name", "argument"), [("elstm", "forget_bias"), ("trxl", "gate_bias")])
def test_a_bias_is_a_number(name: str, argument: str) -> None:
    with pytest.raises(ValueError, match=f"{argument} is nan; it must be finite"):
        make_memory(name, D, **{argument: float("nan")})


def test_what_does_not_fit_in_a_stack_is_named() -> None:
    with pytest.raises(ValueError, match="memories is empty; a stack needs at least one"):
        Stack([])
    with pytest.raises(ValueError, match=r"memories\[1\] takes 4 features; memories\[0\] gives 5"):
        Stack([make_memory("gru", D), make_memory("gru", 4)])
    with pytest.raises(ValueError, match="memories is empty; there must be at least one"):
        Parallel([])
    with pytest.raises(ValueError, match="memories take 3, 4 features; all must take as many"):
        Parallel([make_memory("gru", 3), make_memory("gru", 4)])
    with pytest.raises(ValueError, match="feedforward is 'relu'; it must be one of glu, geglu, swiglu, none"):
        Block(make_memory("gru", D), "relu")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expansion is 0; it must be positive"):
        Block(make_memory("gru", D), expansion=0)


def test_the_memory_is_all_there_is_to_a_block_without_feedforward() -> None:
    block = Block(make_memory("gru", 5), "none")
    x = torch.randn(T, B, 5)
    torch.testing.assert_close(block(x)[0], x + block.memory(block.norm(x))[0])


@pytest.mark.parametrize("cls", [FromCell, Stack])
def test_the_examples_run(cls: type[Memory]) -> None:
    import doctest

    torch.set_default_dtype(torch.float32)
    assert cls.__doc__ is not None
    parsed = doctest.DocTestParser().get_doctest(cls.__doc__, {cls.__name__: cls}, cls.__name__, None, 0)
    assert doctest.DocTestRunner().run(parsed).failed == 0
