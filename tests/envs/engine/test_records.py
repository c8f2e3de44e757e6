"""A state of envs with other options is refused in one line, however many numbers an option has."""

import pytest

from memorl.envs import make


def test_an_option_of_many_numbers_is_named_in_one_line() -> None:
    envs = make("mortar_mayhem_grid", 1, observation="symbolic")
    envs.reset(seed=0)
    state = envs.state_dict()
    state["params.explosion_duration"][-1] = 7 * 10**15
    with pytest.raises(ValueError, match=r"explosion_duration of the state is \[70+ .*\]; it must be \[.*\]") as found:
        envs.load_state_dict(state)
    assert "\n" not in str(found.value)
