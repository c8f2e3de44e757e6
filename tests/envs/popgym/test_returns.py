"""The returns that the pages of POPGym's tasks state, of perfect memory and of none, are those of policies that play.

Each page has a table of them. A row is held to the mean return of the policy that POLICIES names for it, within five
standard errors and the rounding; a row without a policy is a bound, which no policy exceeds.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import MultiDiscrete

from memorl import envs
from memorl.envs.popgym.task import POPGymTask
from tests.support import popgym_boards as boards
from tests.support import popgym_cards as cards
from tests.support import popgym_control as control
from tests.support.popgym_play import Array, Policy, play
from tests.support.slow import slow_but

LEVELS = ("easy", "medium", "hard")
OPTIMUM, MEMORY = "optimum", "a policy with memory"
BLIND, FOUND = "memoryless optimum", "a memoryless policy"
POLICIES: Mapping[tuple[str, str], Policy] = {
    ("Autoencode", OPTIMUM): cards.name_backwards,
    ("Autoencode", BLIND): cards.name_shown_or_0,
    ("Battleship", MEMORY): boards.name_likely_tiles,
    ("Battleship", FOUND): boards.name_any_tile,
    ("Concentration", OPTIMUM): cards.turn_known_pairs,
    ("Concentration", FOUND): cards.turn_any,
    ("CountRecall", OPTIMUM): cards.count,
    ("CountRecall", BLIND): cards.say_1,
    ("HigherLower", OPTIMUM): cards.count_cards,
    ("HigherLower", BLIND): cards.guess_towards_the_middle,
    ("MineSweeper", MEMORY): boards.open_unlikely_mines,
    ("MineSweeper", FOUND): boards.open_by_number,
    ("MultiarmedBandit", MEMORY): cards.pull_hopeful_arms,
    ("MultiarmedBandit", BLIND): cards.keep_to_one_arm_while_it_pays,
    ("NoisyPositionOnlyCartPole", MEMORY): control.balance_by_positions,
    ("NoisyPositionOnlyCartPole", FOUND): control.push_towards_the_lean,
    ("NoisyPositionOnlyPendulum", MEMORY): control.swing_up,
    ("NoisyPositionOnlyPendulum", FOUND): control.turn_to_the_top,
    ("PositionOnlyCartPole", OPTIMUM): control.balance_by_positions,
    ("PositionOnlyCartPole", FOUND): control.push_in_stripes,
    ("PositionOnlyPendulum", MEMORY): control.swing_up,
    ("PositionOnlyPendulum", FOUND): control.turn_to_the_top,
    ("RepeatFirst", OPTIMUM): cards.name_first,
    ("RepeatFirst", BLIND): cards.name_shown,
    ("RepeatPrevious", OPTIMUM): cards.name_previous,
    ("RepeatPrevious", BLIND): cards.name_another,
    ("VelocityOnlyCartPole", OPTIMUM): control.balance_by_speeds,
    ("VelocityOnlyCartPole", FOUND): control.push_against_speeds,
}
FEW = {boards.name_likely_tiles: 100, boards.open_unlikely_mines: 300}
"""Policies that compute much play so many episodes; the others 1000."""


def make(task: str, difficulty: str, episodes: int) -> POPGymTask:
    batch: POPGymTask = getattr(envs, f"POPGym{task}")(difficulty=difficulty, num_envs=episodes)
    return batch


def stated(task: str) -> dict[str, list[float]]:
    """Return the table of a page: for each row a return for each difficulty."""
    lines = (inspect.getdoc(getattr(envs, f"POPGym{task}")) or "").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert rows[0] == ["", *LEVELS]
    return {name: [float(number) for number in numbers] for name, *numbers in rows[2:]}


@pytest.mark.parametrize("difficulty", slow_but(["easy"], LEVELS))
@pytest.mark.parametrize(("task", "row"), POLICIES, ids=lambda name: name.replace(" ", "-"))
def test_the_page_states_what_a_policy_returns(task: str, row: str, difficulty: str) -> None:
    policy = POLICIES[task, row]
    level = LEVELS.index(difficulty)
    returns = play(make(task, difficulty, FEW.get(policy, 1000)), policy)
    error = returns.std() / len(returns) ** 0.5
    numbers = stated(task)
    assert numbers[row][level] == pytest.approx(returns.mean(), abs=5 * error + 0.0006)
    highest = numbers.get(OPTIMUM, numbers.get("upper bound"))
    assert highest is not None
    assert returns.mean() < highest[level] + 5 * error + 0.0006
    assert {name for name in numbers if (task, name) not in POLICIES} <= {"upper bound"}


def right(answers: float, steps: int) -> float:
    """Return the return of so many right answers, where each step weighs the same."""
    return 2 * answers / steps - 1


CLOSED: Mapping[str, Callable[[Mapping[str, Any]], float]] = {
    "Autoencode": lambda sizes: 3 / (2 * sizes["cards"]) - 1 / 2,
    "CountRecall": lambda sizes: right(
        1 + (1 - 1 / sizes["values"]) * sizes["cards"] / (sizes["cards"] / sizes["values"] + 1), sizes["cards"] - 1
    ),
    "HigherLower": lambda sizes: 84 / 169,
    "RepeatFirst": lambda sizes: -1 / 2 + 3 / (2 * (sizes["cards"] - 1) ** 2),
    "RepeatPrevious": lambda sizes: -1 / 2 + 1 / (2 * (sizes["cards"] - 1)),
}
"""The memoryless optimum where actions change nothing that is seen, as the pages derive it."""


def tally(batch: POPGymTask) -> Array:
    """Return the mean sum of rewards of an episode for each observation and action, [observations, actions].

    Actions change nothing that is seen, so that each action is played in the same episodes.
    """
    shown = batch.single_observation_space
    sizes = [int(n) for n in (shown.nvec if isinstance(shown, MultiDiscrete) else [shown.n])]  # type: ignore[attr-defined]
    actions = int(batch.single_action_space.n)  # type: ignore[attr-defined]
    sums = np.zeros((int(np.prod(sizes)), actions))
    for action in range(actions):
        observation, _ = batch.reset(seed=0)
        ended = False
        while not ended:
            cells = np.ravel_multi_index(observation.reshape(batch.num_envs, -1).T, sizes)
            observation, rewards, terminated, _, _ = batch.step(np.full(batch.num_envs, action))
            sums[:, action] += np.bincount(cells, rewards, len(sums))
            ended = terminated.all()
    return sums / batch.num_envs


@pytest.mark.parametrize("difficulty", LEVELS)
@pytest.mark.parametrize("task", CLOSED)
def test_the_memoryless_optimum_is_that_of_the_best_action_for_each_observation(task: str, difficulty: str) -> None:
    """The maximum of a tally is a little above that of the means: three standard errors of an episode of one answer."""
    batch = make(task, difficulty, 2000)
    optimum = CLOSED[task](batch._sizes)
    assert stated(task)[BLIND][LEVELS.index(difficulty)] == pytest.approx(optimum, abs=0.0006)
    assert tally(batch).max(1).sum() == pytest.approx(optimum, abs=3 / 2000**0.5)
