"""Sizes that cannot be meant are named at once, and memory that runs out is recognised."""

import numpy as np
import pytest
import torch

from memorl.agents.experiment import Run
from memorl.agents.experiment.limits import is_out_of_memory, largest_number, memory_of
from tests.support.runs import composed, small

CPU = torch.device("cpu")

TOO_LARGE = {
    "memory.hidden_size=1000000000": r"the model needs more than .* GB; cpu has .* GB; .*hidden_size, 1000000000",
    "memory.hidden_size=100000000000000000000": r"the model does not fit into memory; .* memory\.hidden_size, 1000+",
    "memory.layers=100000000000000000000": r"layers is 1000+; it must be from 1 to 1,024",
    "memory.layers=1000": r"the model has more than 4096 modules; its largest number is memory\.layers, 1000",
    "encoder.output_size=2147483648": r".*largest number is encoder\.output_size, 2147483648",
    "encoder.vector_size=2147483648": r".*largest number is encoder\.vector_size, 2147483648",
    "model.body_size=100000000000": r".*largest number is model\.body_size, 100000000000",
    "model.branch_size=100000000000": r".*largest number is model\.branch_size, 100000000000",
    "rollout_steps=1000000000000": r"a rollout of num_envs=8 and rollout_steps=10{12} needs .* GB; cpu has .* GB",
    "num_envs=1000000000000": r"num_envs is 1000000000000; it must be from 1 to 131,072",
    "total_steps=1e30": r"total_steps is 10+\d+; it must be from 1 to 10,000,000,000,000",
    "seed=100000000000000000000": r"seed is 100000000000000000000; it must be from 0 to 9,223,372,036,854,775,807",
}


@pytest.mark.parametrize("override", TOO_LARGE)
def test_a_size_that_cannot_be_meant_is_named(override: str) -> None:
    with pytest.raises(ValueError, match=TOO_LARGE[override]) as raised:
        Run(composed(*small(override), "run_dir=none"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("memory", "override", "message"),
    [
        ("trxl", "memory.window=1000000000000", r"memory\.window, 1000000000000"),
        ("frame_stack", "memory.k=1000000000", r"memory\.k, 1000000000"),
        ("lru", "memory.hidden_size=10000000000", r"memory\.hidden_size, 10000000000"),
        ("hippo", "memory.order=1000000000", r"order is 1000000000; it must be from 1 to 4,096"),
        ("trxl", "memory.layers=1000000000000", r"layers is 1000000000000; it must be from 1 to 1,024"),
    ],
)
def test_a_memory_that_is_too_large_is_named(memory: str, override: str, message: str) -> None:
    arguments = [a for a in small() if not a.startswith("memory.")]
    with pytest.raises(ValueError, match=message):
        Run(composed(*arguments, f"memory={memory}", override, "run_dir=none"))


def test_the_state_of_a_memory_is_counted() -> None:
    arguments = [a for a in small() if not a.startswith("memory.")]
    with pytest.raises(
        ValueError, match=r"the run does not fit into memory; its largest number is memory\.window, 10+"
    ):
        Run(
            composed(
                *arguments, "memory=trxl", "memory.positions=rotary", "memory.window=1000000000000", "run_dir=none"
            )
        )


def test_the_count_changes_no_random_number() -> None:
    runs = []
    for _ in range(2):
        torch.manual_seed(5)
        runs.append(Run(composed(*small(), "run_dir=none")))
    assert all(torch.equal(a, b) for a, b in zip(*(run.model.parameters() for run in runs), strict=True))


def test_out_of_memory_is_recognised() -> None:
    errors: list[Exception] = [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")]
    for allocate in (lambda: torch.empty(1 << 60), lambda: np.empty(1 << 60, np.uint8), lambda: [0] * 10**30):
        try:
            allocate()
        except Exception as error:
            errors.append(error)
    assert len(errors) == 5
    assert all(map(is_out_of_memory, errors))
    assert not any(map(is_out_of_memory, (RuntimeError("shapes differ"), TypeError("no"), OverflowError("too large"))))


def test_the_largest_number_is_found() -> None:
    assert largest_number({"memory": {"sizes": [3, 7]}, "flag": True, "lr": 0.5, "n": 6}) == "memory.sizes[1], 7"
    assert 1 << 28 < memory_of(CPU) < 1 << 50
