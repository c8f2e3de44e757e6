"""Policies for POPGym's tasks with cards and arms; N is the number of envs."""

import numpy as np

from memorl.envs.popgym.task import POPGymTask

from .popgym_play import Acting, draw, memoryless


def name_first(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Repeat First: name the first suit."""
    first = yield
    while True:
        yield first


def name_previous(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Repeat Previous: name the suit of k cards ago."""
    k = int(envs._sizes["k"])
    seen = [(yield)]
    while True:
        seen.append((yield seen[-k] if len(seen) >= k else seen[-1]))


def name_backwards(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Autoencode: keep a stack of suits."""
    cards = int(envs._sizes["cards"])
    observation = yield
    while True:
        stack = [observation[:, 1]]
        while len(stack) < cards:
            observation = yield stack[-1]
            stack.append(observation[:, 1])
        while stack:
            observation = yield stack.pop()


def count(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Count Recall: count every value."""
    everyone = np.arange(envs.num_envs)
    counts = np.zeros((envs.num_envs, int(envs._sizes["values"])), np.int64)
    observation = yield
    while True:
        counts[everyone, observation[:, 0]] += 1
        observation = yield counts[everyone, observation[:, 1]]


def count_cards(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Higher Lower: guess by the ranks that are left."""
    everyone = np.arange(envs.num_envs)
    left = np.full((envs.num_envs, 13), int(envs._sizes["cards"]) // 13)
    rank = yield
    while True:
        left[everyone, rank] -= 1
        upto = left.cumsum(1)[everyone, rank]
        lower = upto - left[everyone, rank]
        rank = yield (left.sum(1) - upto < lower).astype(np.int64)


def pull_hopeful_arms(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Multiarmed Bandit: pull the arm of the highest mean and 1.5 deviations of Beta(1 + paid, 1 + not paid)."""
    everyone = np.arange(envs.num_envs)
    paid = np.zeros((envs.num_envs, int(envs._sizes["arms"])))
    pulls = np.zeros_like(paid)
    yield (yield)  # a first pull of arm 0, as the first observation is 0
    arm = np.zeros(envs.num_envs, np.int64)
    while True:
        mean = (paid + 1) / (pulls + 2)
        arm = (mean + 1.5 * np.sqrt(mean * (1 - mean) / (pulls + 3))).argmax(1)
        observation = yield arm
        pulls[everyone, arm] += 1
        paid[everyone, arm] += observation


def turn_known_pairs(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Concentration: turn pairs that are known, else a new card, then its mate if that is known, else another new one.

    Cards lie in the order in which they are turned for the first time, so that new ones are those from `new` on.
    """
    everyone = np.arange(envs.num_envs)
    values = int(envs._sizes["values"])
    cards = int(envs._sizes["cards"])
    place = np.full((envs.num_envs, values, 4 * cards), -1)  # a stack of known places of each value
    height = np.zeros((envs.num_envs, values), np.int64)
    new = np.zeros(envs.num_envs, np.int64)
    yield
    while True:
        has_pair = (height >= 2).any(1)
        value = np.where(has_pair, height.argmax(1), 0)
        height[everyone, value] -= 2 * has_pair
        top = height[everyone, value]
        first = np.where(has_pair, place[everyone, value, top], np.minimum(new, cards - 1))
        second = place[everyone, value, top + 1]
        new += ~has_pair
        observation = yield first
        value = observation[everyone, first] % values
        is_known = ~has_pair & (height[everyone, value] > 0)
        height[everyone, value] -= is_known
        second = np.where(is_known, place[everyone, value, height[everyone, value]], second)
        is_new = ~has_pair & ~is_known
        second = np.where(is_new, np.minimum(new, cards - 1), second)
        new += is_new
        observation = yield second
        other = observation[everyone, second] % values
        for held, where in ((value, first), (other, second)):
            fails = is_new & (value != other)
            place[everyone, held, height[everyone, held]] = where
            height[everyone, held] += fails


def keep_to_one_arm_while_it_pays(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Multiarmed Bandit, memoryless: arm 0 if the last pull paid, else another one at random."""
    paid = yield
    while True:
        paid = yield np.where(paid == 1, 0, rng.integers(1, int(envs._sizes["arms"]), envs.num_envs))


def turn_any(envs: POPGymTask, rng: np.random.Generator) -> Acting:
    """Concentration, memoryless: a card at random of those that lie face down."""
    observation = yield
    while True:
        observation = yield draw((observation == int(envs._sizes["values"])).astype(np.float32), rng)


name_shown = memoryless(lambda observation, rng: observation)
name_another = memoryless(lambda observation, rng: (observation + 1) % 4)
name_shown_or_0 = memoryless(lambda observation, rng: observation[:, 1])
say_1 = memoryless(lambda observation, rng: np.ones(len(observation), np.int64))
guess_towards_the_middle = memoryless(lambda observation, rng: (observation > 6).astype(np.int64))
