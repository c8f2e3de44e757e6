"""Memories that are called as torch.nn.GRU and torch.nn.LSTM, against these and against the memories themselves."""

import pytest
import torch
from torch import Tensor, nn

from memorl.memory import GRU, LSTM, AsGRU, AsLSTM, Memory
from tests.support.memories import WRAPPED, make_memory, names

T = 7
B = 4
D = 3
pytestmark = pytest.mark.usefixtures("float64")
ALL = [*names(), *WRAPPED]
BOTH = pytest.mark.parametrize("wrap", [AsGRU, AsLSTM])


def parts(h: Tensor | tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
    return h if isinstance(h, tuple) else (h,)


def apply(function, h: Tensor | tuple[Tensor, Tensor]) -> Tensor | tuple[Tensor, Tensor]:
    return tuple(map(function, h)) if isinstance(h, tuple) else function(h)


def zeros(rnn: AsGRU | AsLSTM, batch: int) -> Tensor | tuple[Tensor, Tensor]:
    h = torch.zeros(rnn.num_layers, batch, rnn.hidden_size)
    return (h, h) if isinstance(rnn, AsLSTM) else h


@pytest.mark.parametrize("name", ALL)
@BOTH
def test_the_outputs_are_those_of_the_memory(name: str, wrap) -> None:
    memory = make_memory(name, D)
    x = torch.randn(T, B, D)
    first = torch.rand(T, B) < 0.2
    middle, state = memory(x[:3], None, first[:3])
    end, _ = memory(x[3:], state, first[3:])
    rnn = wrap(memory)
    y, h = rnn(x[:3], None, first[:3])
    torch.testing.assert_close(y, middle)
    torch.testing.assert_close(rnn(x[3:], h, first[3:])[0], end)


@pytest.mark.parametrize("name", ALL)
@BOTH
def test_zeros_are_the_initial_state_and_a_product_resets(name: str, wrap) -> None:
    rnn = wrap(make_memory(name, D))
    x = torch.randn(T, B, D)
    fresh, h = rnn(x)
    torch.testing.assert_close(rnn(x, zeros(rnn, B))[0], fresh)
    done = torch.tensor([1.0, 0.0, 1.0, 0.0])[:, None]
    kept, _ = rnn(x, h)
    y, _ = rnn(x, apply(lambda part: part * (1 - done), h))
    torch.testing.assert_close(y[:, ::2], fresh[:, ::2])
    torch.testing.assert_close(y[:, 1::2], kept[:, 1::2])


@pytest.mark.parametrize("name", ["gru", "hippo", "from_cell", "trxl", "lru[rtrl]"])
@BOTH
def test_the_gradients_are_those_of_the_memory(name: str, wrap) -> None:
    memory = make_memory(name, D)
    rnn = wrap(memory)
    x = torch.randn(T, B, D)
    expected = torch.autograd.grad(memory(x)[0].sum(), list(memory.parameters()), allow_unused=True)
    found = torch.autograd.grad(rnn(x, zeros(rnn, B))[0].sum(), list(memory.parameters()), allow_unused=True)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(("wrap", "memory", "peer"), [(AsGRU, GRU, nn.GRU), (AsLSTM, LSTM, nn.LSTM)])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("batched", [False, True])
def test_it_stands_in_for_torch(
    wrap, memory: type[Memory], peer: type[nn.Module], batch_first: bool, batched: bool
) -> None:
    theirs = peer(D, 5, batch_first=batch_first)
    inner = memory(D, 5)
    inner.load_state_dict(theirs.state_dict())
    ours = wrap(inner, batch_first=batch_first)
    assert (ours.input_size, ours.hidden_size, ours.num_layers) == (
        theirs.input_size,
        theirs.hidden_size,
        theirs.num_layers,
    )
    x = torch.randn(B, T, D) if batched else torch.randn(T, D)
    state = None
    expected_state = None
    for _ in range(2):
        y, state = ours(x, state)
        expected, expected_state = theirs(x, expected_state)
        torch.testing.assert_close(y, expected)
        for a, b in zip(parts(state), parts(expected_state), strict=True):
            torch.testing.assert_close(a, b)


@BOTH
@pytest.mark.parametrize("shape", [(1, B, 4), (B, 5), (1, B + 1, 5), (2, B, 5)])
def test_a_state_of_another_shape_is_named(wrap, shape: tuple[int, ...]) -> None:
    rnn = wrap(GRU(D, 5) if wrap is AsGRU else LSTM(D, 5))
    h = torch.zeros(shape)
    with pytest.raises(ValueError, match=rf"h has shape \({', '.join(map(str, shape))}\); it must be \(1, {B}, 5\)"):
        rnn(torch.randn(T, B, D), (h, h) if wrap is AsLSTM else h)


def test_a_memory_that_is_handed_a_tensor_names_the_wrapper() -> None:
    memory = GRU(D, 5)
    h = torch.zeros(1, B, 5)
    with pytest.raises(ValueError, match=r"state is a Tensor; .*memorl\.memory\.AsGRU wraps"):
        memory(torch.randn(T, B, D), h)
    with pytest.raises(ValueError, match=r"state is a tuple; .*memorl\.memory\.AsLSTM wraps"):
        memory(torch.randn(T, B, D), (h, h))


def test_it_is_saved_and_compiled_as_any_module() -> None:
    rnn = AsLSTM(GRU(D, 5))
    other = AsLSTM(GRU(D, 5))
    other.load_state_dict(rnn.state_dict())
    x = torch.randn(T, B, D)
    torch.testing.assert_close(other(x)[0], rnn(x)[0])
    compiled = torch.compile(rnn, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x)[0], rnn(x)[0])
