"""Laws of every batched environment in configs/env: who they are is read from the files, nothing is listed here."""

import inspect
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from hydra.utils import get_class, instantiate
from omegaconf import OmegaConf

from memorl.envs import BatchedEnv, MortarMayhem, MysteryPath, RepeatPrevious, SearingSpotlights
from memorl.envs.engine.options import Choices, Flag, Integer, IntegerRange, Number, Option
from tests.support.slow import slow_but

ALL = sorted((Path(__file__).parents[2] / "configs" / "env").glob("*.yaml"))
CONFIGS = [path for path in ALL if issubclass(get_class(OmegaConf.load(path)._target_), BatchedEnv)]
IDS = sorted(name for name in gymnasium.registry if name.startswith("memorl/"))
ONE_DIFFICULTY = [name for name in IDS if "-Medium-" not in name and "-Hard-" not in name]
STEPS = 520


@pytest.fixture(params=CONFIGS, ids=lambda path: path.stem)
def config(request: pytest.FixtureRequest) -> Any:
    return OmegaConf.load(request.param)


def make(config: Any, num_envs: int = 3, **arguments: Any) -> BatchedEnv:
    return instantiate(config, num_envs=num_envs, **arguments)


def leaves(observation: Any) -> list[np.ndarray]:
    return list(observation.values()) if isinstance(observation, dict) else [observation]


def equal(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(leaves(one), leaves(other), strict=True))


def actions(envs: BatchedEnv, steps: int = STEPS) -> list[np.ndarray]:
    envs.action_space.seed(5)
    return [envs.action_space.sample() for _ in range(steps)]


def same_steps(one: BatchedEnv, other: BatchedEnv, tape: list[np.ndarray]) -> None:
    for action in tape:
        (a, *flags, infos), (b, *other_flags, other_infos) = one.step(action), other.step(action)
        assert equal(a, b)
        assert all(np.array_equal(x, y) for x, y in zip(flags, other_flags, strict=True))
        assert infos.keys() == other_infos.keys()
        assert all(np.array_equal(infos[key], other_infos[key]) for key in infos)


def test_same_seed_same_steps(config: Any) -> None:
    one, other = make(config), make(config)
    assert equal(one.reset(seed=4)[0], other.reset(seed=4)[0])
    same_steps(one, other, actions(one))
    one.reset(seed=4)
    other.reset(seed=1000)
    kept = ("state.rng", "state.level_rng")
    episodes = [{name: array for name, array in env.state_dict().items() if name not in kept} for env in (one, other)]
    assert any(not np.array_equal(episodes[0][name], episodes[1][name]) for name in episodes[0])


def test_without_a_seed_envs_differ(config: Any) -> None:
    streams = [make(config).state_dict()[f"state.{name}"] for name in ("rng", "level_rng") for _ in range(2)]
    assert len(np.unique(np.concatenate(streams), axis=0)) == 4 * 3


def test_each_env_behaves_as_it_would_alone(config: Any) -> None:
    together, alone = make(config), [make(config, 1) for _ in range(3)]
    first, _ = together.reset(seed=[8, 2, 5])
    for i, env in enumerate(alone):
        pairs = zip(leaves(first), leaves(env.reset(seed=[8, 2, 5][i])[0]), strict=True)
        assert all(np.array_equal(a[i], b[0]) for a, b in pairs)
    for action in actions(together):
        observation, rewards, ends, _, infos = together.step(action)
        for i, env in enumerate(alone):
            single, reward, end, _, info = env.step(action[i : i + 1])
            assert all(np.array_equal(a[i], b[0]) for a, b in zip(leaves(observation), leaves(single), strict=True))
            assert (rewards[i], ends[i]) == (reward[0], end[0])
            assert all(np.array_equal(infos[key][i], value[0]) for key, value in info.items())


def test_an_integer_seeds_env_i_with_its_sum(config: Any) -> None:
    one, other = make(config), make(config)
    assert equal(one.reset(seed=30)[0], other.reset(seed=[30, 31, 32])[0])


def test_observations_rewards_and_ends_keep_to_their_spaces(config: Any) -> None:
    envs = make(config)
    assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    observation, info = envs.reset(seed=0)
    assert set(info) == {name for key in envs.every_step_keys for name in (key, f"_{key}")}
    ended = np.zeros(3, np.bool_)
    for action in actions(envs):
        assert observation in envs.observation_space
        observation, rewards, terminations, truncations, infos = envs.step(action)
        assert (rewards.dtype, terminations.dtype, truncations.dtype) == (np.float64, np.bool_, np.bool_)
        assert rewards.shape == terminations.shape == truncations.shape == (3,)
        ends = terminations | truncations
        assert not (ended & (ends | (rewards != 0))).any()
        for key in envs.every_step_keys:
            assert infos[key].shape[0] == 3
            assert infos[f"_{key}"].all()
        assert all((key in infos) == ends.any() for key in envs.info_keys)
        for key in envs.info_keys if ends.any() else ():
            assert np.array_equal(infos[f"_{key}"], ends)
            assert not infos[key][~ends].any()
        ended = ends


def test_the_step_after_an_end_ignores_its_action(config: Any) -> None:
    one, other = make(config, 1), make(config, 1)
    one.reset(seed=9)
    other.reset(seed=9)
    ended = False
    for action in actions(one):
        a, *_ = one.step(action)
        b, _, ends, _, _ = other.step(np.zeros_like(action) if ended else action)
        assert equal(a, b)
        ended = bool(ends[0])


def test_returns_and_lengths_are_those_of_the_steps(config: Any) -> None:
    """Gymnasium's own bookkeeping agrees with the infos."""
    envs = RecordEpisodeStatistics(make(config))
    envs.reset(seed=1)
    ended = 0
    for action in actions(envs.env):
        *_, infos = envs.step(action)
        if "episode" in infos:
            over = infos["_episode"]
            assert infos["episode"]["r"][over] == pytest.approx(infos["reward"][over])
            assert infos["episode"]["l"][over].tolist() == infos["length"][over].tolist()
            ended += over.sum()
    assert ended


def test_a_saved_state_goes_on_bit_for_bit(config: Any) -> None:
    one, other = make(config), make(config)
    one.reset(seed=3)
    tape = actions(one, 2 * STEPS)
    for action in tape[:STEPS]:
        one.step(action)
    for at in range(STEPS, STEPS + 60, 7):
        state = one.state_dict()
        assert all(array.dtype.kind in "if" or array.dtype == np.uint8 for array in state.values())
        other.load_state_dict(state)
        same_steps(one, other, tape[at : at + 7])


def test_a_saved_state_remembers_that_a_reset_is_due(config: Any) -> None:
    one, other = make(config, 1), make(config, 1)
    one.reset(seed=3)
    for action in actions(one):
        if one.step(action)[2][0]:
            break
    other.load_state_dict(one.state_dict())
    same_steps(one, other, actions(one))


def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(config: Any) -> None:
    envs = make(config)
    envs.reset(seed=3)
    state = envs.state_dict()
    for bad in (
        make(config, 4).state_dict(),
        {key: value for key, value in state.items() if key != "state.reward"},
        state | {"state.reward": state["state.reward"].astype(np.float32)},
        *(state | {f"params.{name}": state[f"params.{name}"] + 1} for name in envs.options),
    ):
        with pytest.raises(ValueError, match=r"state|params"):
            envs.load_state_dict(bad)
    assert all(np.array_equal(value, state[key]) for key, value in envs.state_dict().items())


def outside(field: np.ndarray, low: Any, high: Any) -> list[tuple[Any, Any]]:
    """Places of the second env, one for each pair of bounds that a field has, with what lies just outside of them.

    No number does where all finite ones are allowed.
    """
    lows, highs = (np.broadcast_to(bound, field.shape)[1] for bound in (low, high))
    kinds = np.unique(np.stack([lows, highs], -1).reshape(-1, 2), axis=0, return_index=True)[1]
    cases = []
    for place in (np.unravel_index(kind, lows.shape) for kind in kinds):
        low, high = lows[place].item(), highs[place].item()
        values = [] if field.dtype.kind != "f" else [np.nan, np.inf]
        cases += [((1, *place), value) for value in values + ([low - 1, high + 1] if high < 1e300 else [])]
    return cases


def test_a_state_out_of_bounds_is_refused_and_changes_nothing(config: Any) -> None:
    envs = make(config)
    envs.reset(seed=3)
    for action in actions(envs, 5):
        envs.step(action)
    state = envs.state_dict()
    params = envs._params[envs._state["row"]]
    bounds = {field.name: field.bounds(envs._state, params) for field in envs._state_fields}
    cases = [(f"state.{k}", *case) for k, b in bounds.items() if b is not None for case in outside(envs._state[k], *b)]
    cases += [(f"state.{k}", (1, i), x) for k in ("rng", "level_rng") for i, x in ((3, 0), (4, 2), (5, -1), (5, 2**32))]
    cases += [(key, 1, 2) for key, field in state.items() if field.dtype == np.uint8]
    kinds = [(name, option) for name, option in envs.options.items() if not isinstance(option, Flag)]
    cases += [(f"params.{name}", 1, np.nan if isinstance(option, Number) else 2**62) for name, option in kinds]
    for key, place, value in cases:
        bad = state[key].copy()
        bad[place] = value
        with pytest.raises(ValueError, match=rf"{key}\b"):
            envs.load_state_dict(state | {key: bad})
    assert all(np.array_equal(value, state[key]) for key, value in envs.state_dict().items())


def test_only_the_options_among_loaded_rules_are_taken_over(config: Any) -> None:
    envs = make(config)
    envs.reset(seed=3)
    state = envs.state_dict()
    others = [key for key in state if key.startswith("params.") and key.removeprefix("params.") not in envs.options]
    envs.load_state_dict(state | {key: np.full_like(state[key], 1) for key in others})
    assert all(np.array_equal(value, state[key]) for key, value in envs.state_dict().items())


def test_levels_are_drawn_from_the_given_range(config: Any) -> None:
    """Each episode begins as an env seeded with one of the levels does, and all of them turn up."""
    plain = make({**config, "levels": None}, 3)
    firsts = plain.reset(seed=[50, 51, 52])[0]
    envs = make({**config, "levels": {"start": 50, "count": 3}}, 20)
    begun, _ = envs.reset(seed=0)
    met = [
        [
            all(np.array_equal(a[i], b[level]) for a, b in zip(leaves(begun), leaves(firsts), strict=True))
            for level in range(3)
        ]
        for i in range(20)
    ]
    assert np.any(met, axis=1).all()
    assert np.any(met, axis=0).all()


def test_copy_false_reuses_one_buffer(config: Any) -> None:
    envs, copying = make(config, copy=False), make(config)
    shared, fresh = envs.reset(seed=0)[0], copying.reset(seed=0)[0]
    before = [leaf.copy() for leaf in leaves(fresh)]
    for action in actions(envs, 50):
        assert equal(envs.step(action)[0], copying.step(action)[0])
    assert all(np.shares_memory(a, b) for a, b in zip(leaves(shared), leaves(envs.step(action)[0]), strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(leaves(fresh), before, strict=True))


def test_a_masked_reset_begins_some_and_leaves_the_others(config: Any) -> None:
    """The others go on as if nothing had happened, also where their own reset was due."""
    for copy in (True, False):
        envs, untouched = make(config, copy=copy), make(config)
        numbers = {name: value for name, value in envs._arguments.items() if not isinstance(value, np.ndarray)}
        options = {name: numbers[name] for name in list(envs.options)[:1] if name in numbers}
        envs.reset(seed=3)
        untouched.reset(seed=3)
        last = None
        for t, action in enumerate(actions(envs, 200)):
            seen, *_, ends, _, _ = envs.step(action)
            other, *_ = untouched.step(action)
            assert all(np.array_equal(a[::2], b[::2]) for a, b in zip(leaves(seen), leaves(other), strict=True))
            if t % 5 == 0 or ends[1]:
                mask = np.array([False, True, False])
                begun, infos = envs.reset(seed=[None, 70 + t, None], options={"reset_mask": mask, **options})
                alone, _ = make(config, 1).reset(seed=70 + t)
                for a, b, first in zip(leaves(begun), leaves(other), leaves(alone), strict=True):
                    assert np.array_equal(a[::2], b[::2])
                    last = np.array_equal(a[1], first[0])
                    assert last
                assert all(infos[f"_{key}"].tolist() == mask.tolist() for key in envs.every_step_keys)
                assert set(infos) == {name for key in envs.every_step_keys for name in (key, f"_{key}")}
        assert last


@pytest.mark.parametrize(
    "wrong",
    [
        {"options": {"reset_mask": np.zeros(3, np.bool_)}},
        {"options": {"reset_mask": [1, 0, 0]}},
        {"options": {"reset_mask": np.ones(2, np.bool_)}},
        {"options": {"no_such_option": 1}},
        {"seed": -1},
        {"seed": 1.5},
        {"seed": [1, 2]},
        {"seed": [1, 2, -3]},
    ],
)
def test_a_bad_reset_is_named_and_changes_nothing(config: Any, wrong: dict[str, Any]) -> None:
    envs = make(config)
    envs.reset(seed=3)
    state = envs.state_dict()
    with pytest.raises(ValueError, match=next(iter(wrong["options"])) if "options" in wrong else "seed is"):
        envs.reset(**wrong)
    assert all(np.array_equal(value, state[key]) for key, value in envs.state_dict().items())


def refused(option: Option) -> list[Any]:
    """Values of no kind, and those just outside the range."""
    values: list[Any] = ["x", float("nan"), [], [1.5]]
    if isinstance(option, Flag):
        return [*values, 1]
    assert isinstance(option, Number | Integer | Choices | IntegerRange)
    bounds = [option.low - 1, option.high if isinstance(option, Number) else option.high + 1]
    ends: list[Any] = [*bounds, *(-np.inf, np.inf), True]
    if isinstance(option, Choices):
        return [*values, *([end] for end in ends), 3, [option.low] * 17, [option.low, option.high + 1]]
    if isinstance(option, IntegerRange):
        return [*values, *ends, [option.low + 1, option.low], [option.low - 1, option.low], [option.low] * 3]
    return [*values, *ends]


def test_bad_options_name_the_key_the_value_and_what_is_allowed(config: Any) -> None:
    envs = make(config)
    envs.reset(seed=3)
    state = envs.state_dict()
    others = {key: value for key, value in OmegaConf.to_container(config).items() if key != "_target_"}
    for name, option in envs.options.items():
        for value in (None, *refused(option)):
            attempts = [lambda given: envs.reset(seed=5, options=given)]
            if value is not None:
                attempts.append(lambda given: type(envs)(**others | given))
            for attempt in attempts:
                with pytest.raises(ValueError, match=name) as caught:
                    attempt({name: value})
                assert f"{name} is {value!r}; it must be {option}" in str(caught.value)
    assert all(np.array_equal(value, state[key]) for key, value in envs.state_dict().items())


def test_bad_arguments_are_refused(config: Any) -> None:
    for wrong in (
        {"num_envs": 0},
        {"render_mode": "stereo"},
        {"levels": {"start": 0}},
        {"levels": {"start": -1, "count": 5}},
        {"levels": {"start": 0, "count": 0}},
        {"levels": {"start": 0, "count": 1, "more": 1}},
        {"levels": 5},
        {"copy": "no"},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            type(make(config))(**wrong)


def test_a_bad_mask_is_named_in_one_line() -> None:
    envs = RepeatPrevious(num_envs=32)
    with pytest.raises(ValueError, match=r"\Areset_mask is bool \(32,\) with 0 True; it must be .*\Z"):
        envs.reset(options={"reset_mask": np.zeros(32, np.bool_)})


def test_after_a_load_a_masked_reset_waits_for_a_step() -> None:
    """What the others gave last is not part of a state."""
    envs, mask = RepeatPrevious(num_envs=2), {"reset_mask": np.array([True, False])}
    envs.reset(seed=0)
    envs.load_state_dict(envs.state_dict())
    with pytest.raises(ValueError, match="reset_mask must be all True before"):
        envs.reset(options=dict(mask))
    seen, *_ = envs.step(np.zeros(2, np.int64))
    held = seen[1].copy()
    assert np.array_equal(envs.reset(options=dict(mask))[0][1], held)


def test_what_is_no_dict_or_mask_or_action_is_named() -> None:
    envs = RepeatPrevious(num_envs=2)
    envs.reset(seed=0)
    with pytest.raises(ValueError, match="options is 5; it must be a dict"):
        envs.reset(options=5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="reset_mask is ragged"):
        envs.reset(options={"reset_mask": [[True], [True, False]]})
    with pytest.raises(ValueError, match=r"action of env 1 is \[99\]; it must be in Discrete"):
        envs.step(np.array([0, 99]))


@pytest.mark.parametrize("game", [MortarMayhem, MysteryPath, SearingSpotlights])
def test_a_variant_is_picked_by_a_bool(game: type[BatchedEnv]) -> None:
    with pytest.raises(ValueError, match="endless is 1; it must be True or False"):
        game(endless=1)  # type: ignore[call-arg]


def test_bad_actions_are_refused(config: Any) -> None:
    envs = make(config)
    envs.reset(seed=0)
    good = actions(envs, 1)[0]
    if good.dtype.kind == "f":
        wrong = [good * np.nan, good + np.inf]
    else:
        wrong = [good + 200, -1 - good, good.astype(np.float32)]
    for bad in (good[:2], good[..., None], good.astype(str), *wrong):
        with pytest.raises(ValueError, match="action"):
            envs.step(bad)


@pytest.mark.parametrize("name", slow_but(ONE_DIFFICULTY, IDS))
def test_gymnasium_checks_the_single_env(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "SDL_VIDEODRIVER", "dummy")  # it opens a window, too
    env = gymnasium.make(name)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*(For Box action spaces|A Box observation space)")  # POPGym's spaces
        check_env(env.unwrapped)
    assert env.unwrapped.metadata.get("autoreset_mode") is None


@pytest.mark.parametrize("name", slow_but(ONE_DIFFICULTY, IDS))
def test_the_native_batch_equals_gymnasiums_batch_of_single_envs(name: str) -> None:
    native = gymnasium.make_vec(name, num_envs=3)
    assert isinstance(native, BatchedEnv)
    synced = SyncVectorEnv([lambda: gymnasium.make(name) for _ in range(3)])
    assert native.single_observation_space == synced.single_observation_space
    assert native.single_action_space == synced.single_action_space
    assert equal(native.reset(seed=6)[0], synced.reset(seed=6)[0])
    same_steps(native, synced, actions(native))
    synced.close()
    native.close()


@pytest.mark.parametrize("name", slow_but(ONE_DIFFICULTY, IDS))
def test_a_single_env_wants_a_reset_after_the_end(name: str) -> None:
    env = gymnasium.make(name).unwrapped
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(env.action_space.sample())
    env.reset(seed=0)
    ended = False
    while not ended:
        *_, terminated, truncated, info = env.step(env.action_space.sample())
        ended = terminated or truncated
    assert {"reward", "length"} <= info.keys()
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(env.action_space.sample())


def test_rendering_shows_the_observation_the_right_way_round() -> None:
    for name in IDS:
        if "rgb_array" not in gymnasium.make_vec(name).metadata["render_modes"]:
            continue
        envs = gymnasium.make_vec(name, num_envs=2, render_mode="rgb_array")
        observation, _ = envs.reset(seed=0)
        for action in actions(envs, 70):
            observation, *_ = envs.step(action)
        for picture, seen in zip(
            envs.render(), leaves(observation)[-1 if isinstance(observation, dict) else 0], strict=True
        ):
            assert np.array_equal(picture, seen.swapaxes(0, 1))


@pytest.mark.slow
def test_compiled_code_stays_inside_its_arrays(tmp_path: Path) -> None:
    """Every env once more, compiled with bounds checks, off otherwise; also from any state that it takes."""
    program = """
import inspect, sys, numpy as np
from hydra.utils import get_class, instantiate
from omegaconf import OmegaConf
from memorl.envs.engine.records import views

def play(envs, steps):
    for _ in range(steps):
        envs.step(envs.action_space.sample())

def scramble(envs, random):
    state = envs._state.copy()
    state["row"] = random.integers(0, 4, 3)
    for name in state.dtype.names:
        if state[name].dtype == bool:
            state[name] = random.integers(0, 2, state[name].shape)
    def bounds(name):
        allowed = {field.name: field.bounds(state, envs._params[state["row"]]) for field in envs._state_fields}
        allowed = {key: bound for key, bound in allowed.items() if bound is not None and key != "row"}
        allowed["reward"] = (0, 1)
        return allowed if name is None else [np.broadcast_to(bound, state[name].shape) for bound in allowed[name]]
    for name in sorted(bounds(None), key="length".__eq__):
        low, high = bounds(name)
        between = low + (high.astype(float) - low) * random.random(low.shape)
        for value, share in ((low, 1), (high, 0.6), (between, 0.4)):
            np.copyto(state[name], value.astype(state[name].dtype), where=random.random(low.shape) < share)
        state[name] = np.clip(state[name], *bounds(name))
    envs.load_state_dict({**envs.state_dict(), **views({"state": state})})

for path in sys.argv[1:]:
    config = OmegaConf.load(path)
    looks = "observation" in inspect.signature(get_class(config._target_)).parameters
    for extra in [{"observation": kind} for kind in ("pixels", "symbolic")] if looks else [{}]:
        envs = instantiate(config, num_envs=3, **extra)
        envs.reset(seed=0)
        envs.action_space.seed(0)
        play(envs, 150)
        random = np.random.default_rng(0)
        for _ in range(60):
            scramble(envs, random)
            play(envs, 20)
"""
    checked = os.environ | {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program, *map(str, CONFIGS)], env=checked, check=True)


def test_steps_do_not_depend_on_the_number_of_threads(config: Any) -> None:
    if "threads" not in inspect.signature(type(make(config))).parameters:
        return
    for threads in (2, 3, 100):
        one, other = make(config, 7), make(config, 7, threads=threads)
        assert equal(one.reset(seed=4)[0], other.reset(seed=4)[0])
        same_steps(one, other, actions(one, 150))
        other.close()
    other.close()
    with pytest.raises(RuntimeError, match="shutdown"):
        other.step(other.action_space.sample())
    with pytest.raises(ValueError, match="threads is 0"):
        type(make(config))(threads=0)
