"""The laws of memories, held against the measures, schemes and credits of HiPPO that no file of configs/ chooses."""

import pytest

from memorl.memory import HiPPO, HiPPOLinear, Memory
from tests.test_memory import (  # noqa: F401
    D,
    first,
    pytestmark,
    state,
    test_a_sequence_is_its_steps,
    test_first_forgets,
    test_no_gradient_flows_across_first,
    test_no_look_ahead,
    test_rows_do_not_mix,
    test_shapes_and_types_persist,
    test_splitting_changes_nothing,
    x,
)

SMALL = {"hidden_size": 5, "channels": 2, "order": 6, "theta": 4.0}
VARIANTS: dict[str, tuple[type[HiPPO | HiPPOLinear], dict[str, str]]] = {
    "cell zoh": (HiPPO, {"discretisation": "zoh"}),
    "cell legt": (HiPPO, {"measure": "legt"}),
    "cell lagt": (HiPPO, {"measure": "lagt"}),
    "linear fout": (HiPPOLinear, {"measure": "fout", "discretisation": "zoh"}),
    "linear rtrl": (HiPPOLinear, {"credit": "rtrl"}),
    "linear lmu rtrl": (HiPPOLinear, {"measure": "lmu", "credit": "rtrl"}),
}


@pytest.fixture(params=VARIANTS)
def memory(request: pytest.FixtureRequest) -> Memory:
    cls, arguments = VARIANTS[request.param]
    return cls(D, **SMALL, **arguments)
