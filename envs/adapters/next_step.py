"""A vector environment of any autoreset mode, with the rows of next-step autoreset.

NEXT_STEP gives the last observation of an episode a row of its own: the next step ignores the action and begins the
next episode. In the other modes of Gymnasium an environment begins its next episode at once (SAME_STEP, with the last
observation in the infos) or when `reset` is called (DISABLED). To hold it back for one step while the others go on, it
begins once more, after them, by `reset(options={"reset_mask": ...})`:

    row t        the observations after the step; the final one of an env that ended
    row t + 1    step all envs, reset those that ended, and take their first observations

So the rows are those of NEXT_STEP, at the price of one wasted step and episode at each end: random levels differ from
those of NEXT_STEP, but have the same distribution.
"""

from typing import Any, final

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper

from .flat import parts_of
from .infos import Infos, Rows, keep_own_values, merge_rows, select_rows
from .workers import end_with_lost_worker

_FINAL = ("final_obs", "final_info", "_final_obs", "_final_info")


@final
class NextStep(VectorWrapper):
    """A vector environment of any autoreset mode as one of mode NEXT_STEP, in whose infos each env keeps its value.

    Args:
        env: It takes `reset_mask`, as Gymnasium's own do, unless its mode is NEXT_STEP, which is left as it is.

    Raises:
        ValueError: `env` does not say its mode.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        super().__init__(env)
        keep_own_values(env)
        self.mode = env.metadata.get("autoreset_mode")
        if not isinstance(self.mode, AutoresetMode):
            modes = ", ".join(mode.name for mode in AutoresetMode)
            raise ValueError(f"autoreset_mode of the env's metadata is {self.mode!r}; it must be one of {modes}")
        self.metadata = env.metadata | {"autoreset_mode": AutoresetMode.NEXT_STEP}
        self._over: Rows = np.zeros(self.num_envs, np.bool_)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, Infos]:
        """Begin an episode everywhere."""
        self._over = np.zeros(self.num_envs, np.bool_)
        with end_with_lost_worker(self.env):
            return self.env.reset(seed=seed, options=options)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, Infos]:
        """Step the envs; those that ended one row ago begin their next episode with reward 0.

        Raises:
            RuntimeError: The env does not keep to its mode, or does not know `reset_mask`.
        """
        with end_with_lost_worker(self.env):
            return self._step(actions)

    def _step(self, actions: Any) -> tuple[Any, Any, Any, Any, Infos]:
        if self.mode == AutoresetMode.NEXT_STEP:
            return self.env.step(actions)
        new = self._over
        if self.mode == AutoresetMode.DISABLED and new.any():
            self.env.reset(options={"reset_mask": new.copy()})
        observation, rewards, terminated, truncated, infos = self.env.step(actions)
        last = terminated | truncated
        self._over = last & ~new
        if new.any() or last.any():
            observation, infos = self._replace_rows(observation, infos, new, last)
            rewards = np.where(new, 0.0, rewards)
            terminated = terminated & ~new
            truncated = truncated & ~new
        return observation, rewards, terminated, truncated, infos

    def _replace_rows(self, observation: Any, infos: Infos, new: Rows, last: Rows) -> tuple[Any, Infos]:
        """Put first observations in the rows of `new`, and final ones in the other rows of `last`."""
        row = _copy(observation)
        result = select_rows({key: value for key, value in infos.items() if key not in _FINAL}, ~new)
        if self.mode == AutoresetMode.SAME_STEP and self._over.any():
            if "final_obs" not in infos:
                raise RuntimeError("infos hold no final_obs at the end of an episode, though the mode is SAME_STEP")
            result = merge_rows(select_rows(result, ~last), select_rows(infos.get("final_info", {}), self._over))
        if new.any():
            first, first_infos = self.env.reset(options={"reset_mask": new.copy()})
            firsts = parts_of(first)
            for name, array in parts_of(row).items():
                if not np.array_equal(array[~new], firsts[name][~new], equal_nan=array.dtype.kind == "f"):
                    raise RuntimeError("reset_mask of the env is not kept to: other envs were reset, too")
                array[new] = firsts[name][new]
            result = merge_rows(result, select_rows(first_infos, new))
        for n in np.flatnonzero(self._over) if self.mode == AutoresetMode.SAME_STEP else ():
            finals = parts_of(infos["final_obs"][n])
            for name, array in parts_of(row).items():
                array[n] = finals[name]
        return row, result


def _copy(observation: Any) -> Any:
    if isinstance(observation, dict):
        return {key: _copy(value) for key, value in observation.items()}
    return tuple(map(_copy, observation)) if isinstance(observation, tuple) else np.array(observation)
