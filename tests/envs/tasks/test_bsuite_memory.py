"""bsuite's memory tasks show, ask and pay what bsuite's do."""

from typing import Any

import numpy as np
import pytest

from memorl.envs import BsuiteMemory


class Literal:
    """bsuite's MemoryChain step by step, with a context and a query that it is given."""

    def __init__(self, memory_length: int, context: np.ndarray, query: int) -> None:
        self.memory_length = memory_length
        self.context = context
        self.query = query
        self.timestep = 0

    def observe(self) -> np.ndarray:
        obs = np.zeros(len(self.context) + 2, np.float32)
        obs[0] = 1 - self.timestep / self.memory_length
        if self.timestep == self.memory_length - 1:
            obs[1] = self.query
        if self.timestep == 0:
            obs[2:] = 2 * self.context - 1
        return obs

    def step(self, action: int) -> tuple[np.ndarray, float, bool]:
        observation = self.observe()
        self.timestep += 1
        if self.timestep - 1 < self.memory_length:
            return observation, 0.0, False
        return observation, 1.0 if action == self.context[self.query] else -1.0, True


LENGTHS = [*range(1, 11), 12, 14, 17, 20, 25, *range(30, 101, 10)]
BITS = [*range(1, 11), 12, 14, 17, 20, 25, 30, 40]
SWEEPS = [*((length, 1) for length in LENGTHS), *((2, bits) for bits in BITS), (7, 256)]


@pytest.mark.parametrize(("memory_length", "num_bits"), SWEEPS)
def test_an_episode_is_that_of_bsuite(memory_length: int, num_bits: int) -> None:
    envs = BsuiteMemory(num_envs=8, memory_length=memory_length, num_bits=num_bits)
    envs.action_space.seed(0)
    observation, _ = envs.reset(seed=0)
    contexts = envs._state["context"][:, :num_bits].astype(int)
    literals = [Literal(memory_length, contexts[i], envs._state["query"][i]) for i in range(8)]
    assert np.array_equal(observation, [literal.observe() for literal in literals])
    for _ in range(memory_length + 1):
        actions = envs.action_space.sample()
        observation, rewards, terminated, truncated, _ = envs.step(actions)
        outcomes = [literal.step(action) for literal, action in zip(literals, actions, strict=True)]
        for ours, theirs in zip((observation, rewards, terminated), zip(*outcomes, strict=True), strict=True):
            assert np.array_equal(ours, theirs)
        assert not truncated.any()
    assert terminated.all()


def test_bits_and_queries_are_uniform_and_independent() -> None:
    envs = BsuiteMemory(num_envs=20_000, num_bits=4)
    envs.reset(seed=0)
    context = envs._state["context"][:, :4]
    assert context.mean(0) == pytest.approx([0.5] * 4, abs=0.02)
    assert np.bincount(envs._state["query"]) / 20_000 == pytest.approx([0.25] * 4, abs=0.02)
    asked = np.take_along_axis(context, envs._state["query"][:, None], axis=1)[:, 0]
    joint = np.corrcoef(np.column_stack([context, envs._state["query"]]).T) - np.eye(5)
    assert np.abs(joint).max() < 0.03
    assert asked.mean() == pytest.approx(0.5, abs=0.02)


def shown(envs: BsuiteMemory) -> tuple[list[np.ndarray], np.ndarray]:
    """The observations of an episode, and the bits that it asks for."""
    observations = [envs.reset(seed=0)[0]]
    while not (step := envs.step(np.zeros(envs.num_envs, np.int64)))[2].any():
        observations.append(step[0])
    bits = np.take_along_axis(envs._state["context"], envs._state["query"][:, None], axis=1)[:, 0]
    return observations, bits


def best(observations: list[np.ndarray], bits: np.ndarray, reach: int) -> float:
    """What the best policy returns that sees the last `reach` observations besides the present one."""
    seen = np.concatenate(observations[-1 - reach :], axis=1)
    _, kind = np.unique(seen, axis=0, return_inverse=True)
    ones = np.bincount(kind.reshape(-1), bits)
    return float(2 * np.maximum(ones, np.bincount(kind.reshape(-1)) - ones).sum() / len(bits) - 1)


@pytest.mark.parametrize("memory_length", [1, 2, 3, 20])
@pytest.mark.parametrize("num_bits", [1, 3])
def test_memory_returns_one_and_the_best_policy_without_it_chance(memory_length: int, num_bits: int) -> None:
    envs = BsuiteMemory(num_envs=5000, memory_length=memory_length, num_bits=num_bits)
    observations, bits = shown(envs)
    assert best(observations, bits, memory_length - 1) == 1.0
    assert best(observations, bits, 0) == pytest.approx(envs.memoryless_return, abs=0.07)
    if memory_length > 1:
        assert best(observations, bits, memory_length - 2) == pytest.approx(0, abs=0.07)


def test_a_player_with_memory_returns_one() -> None:
    envs = BsuiteMemory(num_envs=16, memory_length=40, num_bits=5)
    observation, _ = envs.reset(seed=0)
    contexts = observation[:, 2:]
    queries = np.zeros(16, np.int64)
    told: list[Any] = []
    for _ in range(90):
        queries = observation[:, 1].astype(np.int64)
        answers = contexts[np.arange(16), queries] > 0
        observation, _, ends, _, infos = envs.step(answers.astype(np.int64))
        contexts = np.where(observation[:, 2:].any(1)[:, None], observation[:, 2:], contexts)
        told += [infos] if ends.any() else []
    assert len(told) == 2
    for infos in told:
        assert infos["reward"].tolist() == [1.0] * 16
        assert infos["success"].tolist() == [1] * 16
        assert infos["length"].tolist() == [41] * 16


@pytest.mark.parametrize("num_bits", [0, 257, True, 2.0])
def test_a_number_of_bits_that_cannot_be_is_refused(num_bits: Any) -> None:
    with pytest.raises(ValueError, match=f"^num_bits is {num_bits}; it must be a whole number from 1 to 256$"):
        BsuiteMemory(num_bits=num_bits)
