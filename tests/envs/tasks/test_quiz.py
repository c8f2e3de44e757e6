"""The diagnostic tasks pay for memory, for as long as they say, and for nothing else."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra.utils import get_class, instantiate
from omegaconf import OmegaConf

from memorl.envs import Copy, DelayedCue, DelayedMatchToSample, NParity, RepeatFirst, RepeatPrevious
from memorl.envs.tasks.quiz import Quiz

QUIZZES = [
    path
    for path in sorted((Path(__file__).parents[3] / "configs" / "env").glob("*.yaml"))
    if issubclass(get_class(OmegaConf.load(path)._target_), Quiz)
]

History = list[np.ndarray]
"""What one env has shown in an episode so far."""


def questions(history: History) -> int:
    return int(sum(seen[-1] for seen in history))


def lag(seen: np.ndarray) -> int:
    return 2 + int(seen[1:].argmax())


def parity(history: History, n: int) -> int:
    return int(sum(seen[0] for seen in history[-n:])) % 2


PLAYERS: list[tuple[type[Quiz], dict[str, Any], Callable[[History], int]]] = [
    (RepeatPrevious, {"k": 1, "symbols": 2, "length": 2}, lambda h: h[-2:][0].argmax()),
    (RepeatPrevious, {}, lambda h: h[-5:][0].argmax()),
    (RepeatPrevious, {"k": 256, "symbols": 3, "length": 600}, lambda h: h[-257:][0].argmax()),
    (RepeatFirst, {"length": 2}, lambda h: h[0].argmax()),
    (RepeatFirst, {"symbols": 5, "length": 300}, lambda h: h[0].argmax()),
    (DelayedCue, {"delay": 1}, lambda h: h[0][0] > 0),
    (DelayedCue, {"delay": [3, 90], "distractors": False}, lambda h: h[0][0] > 0),
    (DelayedCue, {"delay": 80}, lambda h: h[0][0] > 0),
    (Copy, {"pattern_length": 1, "delay": 0, "symbols": 2}, lambda h: h[questions(h) - 1].argmax()),
    (Copy, {"pattern_length": 256, "delay": [0, 9]}, lambda h: h[questions(h) - 1].argmax()),
    (Copy, {"backwards": True}, lambda h: h[:8][-max(1, questions(h))].argmax()),
    (NParity, {}, lambda h: parity(h, 2)),
    (NParity, {"n": 64}, lambda h: parity(h, 64)),
    (NParity, {"n": 5, "curriculum": "multi", "max_n": 9}, lambda h: parity(h, lag(h[-1]))),
    (DelayedMatchToSample, {"n": 256, "max_n": 256}, lambda h: h[-256:][0][0] == h[-1][0]),
    (DelayedMatchToSample, {"n": 5, "curriculum": "multi"}, lambda h: h[-lag(h[-1]) :][0][0] == h[-1][0]),
]


def play(envs: Quiz, player: Callable[[History], int], episodes: int) -> dict[str, list[float]]:
    """The figures of so many episodes or a few more."""
    observation, _ = envs.reset(seed=0)
    histories: list[History] = [[seen] for seen in observation]
    told = defaultdict(list)
    while len(told["reward"]) < episodes:
        answers = [player(history) if history else 0 for history in histories]
        observation, _, ends, _, infos = envs.step(np.array(answers, np.int64))
        for key in envs.info_keys if ends.any() else ():
            told[key] += infos[key][ends].tolist()
        histories = [[] if ends[i] else [*histories[i], observation[i]] for i in range(envs.num_envs)]
    return told


def best(envs: Quiz, reach: int) -> float:
    """What the best policy returns that sees the last `reach` observations besides the present one.

    Answers change nothing of what is shown, so it is the one that gives to each view the answer most often right.
    """
    observation, _ = envs.reset(seed=0)
    views = np.full((envs.num_envs, reach + 1, observation.shape[1]), np.nan, np.float32)
    begun = np.ones(envs.num_envs, np.bool_)
    asked = []
    while begun.any():
        views = np.concatenate([views[:, 1:], observation[:, None]], axis=1)
        rows = begun & (envs._state["target"] >= 0)
        asked.append((views[rows], envs._state["target"][rows], 1 / envs._state["questions"][rows]))
        observation, _, ends, *_ = envs.step(np.zeros(envs.num_envs, np.int64))
        begun &= ~ends
    seen, answers, worth = (np.concatenate(parts) for parts in zip(*asked, strict=True))
    kinds, kind = np.unique(seen.reshape(len(seen), -1).view(np.int32), axis=0, return_inverse=True)
    right = np.zeros((len(kinds), envs.single_action_space.n))
    np.add.at(right, (kind.reshape(-1), answers), worth)
    return right.max(1).sum() / envs.num_envs


@pytest.mark.parametrize(("task", "arguments", "player"), PLAYERS, ids=[f"{p[0].__name__} {p[1]}" for p in PLAYERS])
def test_memory_returns_one(task: type[Quiz], arguments: dict[str, Any], player: Callable[[History], int]) -> None:
    told = play(task(num_envs=4, **arguments), player, 8)
    assert told["reward"] == pytest.approx([1.0] * len(told["reward"]))
    assert told["success"] == [1] * len(told["success"])
    assert told.get("accuracy", [1.0]) == pytest.approx([1.0] * len(told.get("accuracy", [1.0])))


@pytest.mark.parametrize("config", QUIZZES, ids=lambda path: path.stem)
def test_no_policy_without_memory_returns_more_than_chance(config: Path) -> None:
    envs = instantiate(OmegaConf.load(config), num_envs=4000)
    assert best(envs, 0) == pytest.approx(envs.memoryless_return, abs=0.02)


@pytest.mark.parametrize(
    ("envs", "needed", "below"),
    [
        (RepeatPrevious(num_envs=2000, k=3, symbols=2, length=8), 3, 1 / 2),
        (RepeatFirst(num_envs=2000, symbols=3, length=4), 3, (1 + 1 + 1 / 3) / 3),
        (DelayedCue(num_envs=2000, delay=4), 4, 1 / 2),
        (DelayedCue(num_envs=2000, delay=9, distractors=False), 9, 1 / 2),
        (Copy(num_envs=2000, pattern_length=2, delay=1, symbols=2), 3, 1 / 2),
        (Copy(num_envs=2000, pattern_length=2, delay=1, symbols=2, backwards=True), 4, 3 / 4),
        (NParity(num_envs=2000, n=4), 3, 1 / 2),
        (DelayedMatchToSample(num_envs=2000, n=4), 3, 1 / 2),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Quiz) else "",
)
def test_the_knob_says_how_far_back_a_memory_must_reach(envs: Quiz, needed: int, below: float) -> None:
    assert best(envs, needed) == pytest.approx(1.0)
    assert best(envs, needed - 1) == pytest.approx(below, abs=0.05)


def test_half_right_is_half_paid() -> None:
    told = play(Copy(num_envs=50, symbols=2), lambda history: 0, 200)
    assert told["reward"] == pytest.approx(told["accuracy"])
    assert set(told["accuracy"]) <= {i / 8 for i in range(9)}
    assert np.mean(told["reward"]) == pytest.approx(0.5, abs=0.05)


def test_a_delay_is_drawn_from_its_range_and_is_the_length() -> None:
    told = play(DelayedCue(num_envs=20, delay=[3, 7]), lambda history: 0, 400)
    assert set(told["length"]) == {4, 5, 6, 7, 8}
    envs = Copy(num_envs=20, pattern_length=3, delay=[0, 2])
    assert set(play(envs, lambda history: 0, 200)["length"]) == {6, 7, 8}
    envs.reset(options={"delay": 40, "pattern_length": 2})
    assert [envs.step(np.zeros(20, np.int64))[2].all() for _ in range(44)] == [False] * 43 + [True]


def test_the_corridor_is_as_it_is_said() -> None:
    envs = DelayedCue(num_envs=64, delay=5)
    shown = [envs.reset(seed=0)[0], *(envs.step(np.zeros(64, np.int64))[0] for _ in range(5))]
    assert envs.symbolic_fields == ("cue", "cue_shown", "query", "distractor")
    assert (np.abs(shown[0]) == [1, 1, 0, 0]).all()
    assert (shown[0][:, 1] == 1).all()
    for seen in shown[1:5]:
        assert (np.abs(seen) == [0, 0, 0, 1]).all()
        assert set(seen[:, 3]) == {-1, 1}
    assert (shown[5] == [0, 0, 1, 0]).all()
    quiet = DelayedCue(num_envs=64, delay=5, distractors=False)
    quiet.reset(seed=0)
    assert not quiet.step(np.zeros(64, np.int64))[0].any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RepeatPrevious(k=4, length=4), "length is 4"),
        (lambda: RepeatPrevious().reset(options={"k": 64}), "length is 64"),
        (lambda: RepeatPrevious(symbols=1), "symbols is 1"),
        (lambda: RepeatFirst(length=1), "length is 1"),
        (lambda: RepeatFirst(symbols=2.5), "symbols is 2.5"),
        (lambda: DelayedCue(delay=0), "delay is 0"),
        (lambda: DelayedCue(delay=[4, 3]), r"delay is \[4, 3\]"),
        (lambda: DelayedCue(delay=[1, 2, 3]), r"delay is \[1, 2, 3\]"),
        (lambda: Copy(pattern_length=257), "pattern_length is 257"),
        (lambda: NParity(n=1), "n is 1"),
        (lambda: NParity(n=9, max_n=8), "n is 9"),
        (lambda: NParity(max_n=257), "max_n is 257"),
        (lambda: NParity(threshold=1.0), "threshold is 1.0"),
        (lambda: NParity(window=0), "window is 0"),
        (lambda: NParity(curriculum="some"), "curriculum is 'some'"),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
