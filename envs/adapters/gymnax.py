"""Environments of JAX with gymnax's interface, where JAX is installed."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, final

import numpy as np
from gymnasium.vector import VectorWrapper
from numpy.typing import NDArray

from memorl.envs.engine.names import unknown_name

from .errors import describe_error
from .flat import Flat, is_nested
from .from_gymnasium import CREATOR_ERRORS
from .ids import import_module


@final
class Gymnax(VectorWrapper):
    """Any environment of JAX with gymnax's interface, compiled as one batch.

    ## Task
    `env.id=MemoryChain-bsuite`: an environment of gymnax. Of other packages: `env.id=popgym_arcade:CountRecallEasy`
    calls the `make` of the package with the name; `env.id=my_package.my_module:MyEnv` calls the class or function.

    ## Actions
    Discrete, or Box.

    ## Observations
    Box, Discrete, and dictionaries and tuples of these, which are flattened as those of Gymnasium are.

    ## Rewards
    Those of the environment.

    ## Start
    `reset_env`; env i of `seed=s` has a random key made from s + i, and no other env changes it.

    ## End
    When `step_env` says so (for good), or `is_truncated` of gymnax 1 (a time limit: agents bootstrap). Environments
    that are made for gymnax before version 1 do not tell a time limit from an end.

    ## Arguments
    `id`; `num_envs`; `params`: values that replace those of the environment's parameters, as
    `env.params.memory_length=20`; `device`: the platform of JAX, "cpu" or "gpu". All other arguments are the
    environment's constructor's.

    ## Source
    Lange, gymnax: A JAX-based Reinforcement Learning Environment Library (2022); https://github.com/RobertTLange/gymnax.
    `pip install -e '.[jax]'` brings it.

    ## Differences
    Next-step autoreset: the step after an end is the reset, where gymnax's own `step` resets at once. Arrays go to
    torch by way of the host's memory. The state is saved, so that a resumed run goes on bit for bit.
    """

    def __init__(
        self,
        id: str,
        *,
        num_envs: int = 1,
        params: Mapping[str, Any] | None = None,
        device: str = "cpu",
        **arguments: Any,
    ) -> None:
        try:
            from .jax_batch import JaxBatch
            from .jax_spaces import find_device
        except ImportError as error:
            raise ValueError(f"env=gymnax needs JAX ({error}): pip install gymnax") from error
        if num_envs < 1:
            raise ValueError(f"num_envs is {num_envs!r}; it must be a whole number from 1")
        creator = _find_creator(id)
        place = find_device("env.device", device)
        try:
            made = creator(**arguments)
        except (*CREATOR_ERRORS, ValueError) as error:
            raise ValueError(f"env.id {id} cannot be made: {describe_error(error)}") from error
        env, defaults = made if isinstance(made, tuple) else (made, made.default_params)
        batch = JaxBatch(env, _replace(defaults, params or {}), num_envs, place)
        super().__init__(Flat(batch) if is_nested(batch.single_observation_space) else batch)
        self._batch = batch

    def state_dict(self) -> dict[str, NDArray[np.uint8]]:
        """Return the state of every env, the bytes of each part as a row."""
        return self._batch.state_dict()

    def load_state_dict(self, state: Mapping[str, NDArray[np.uint8]]) -> None:
        """Go on from a `state_dict`; ValueError if it is from another environment or number of envs."""
        self._batch.load_state_dict(state)


def _find_creator(id: str) -> Callable[..., Any]:
    """Return the function that makes the environment of an id, or the environment and its parameters."""
    package, _, name = id.rpartition(":")
    module = import_module("env.id", package or "gymnax", id)
    registered = getattr(module, "registered_envs", None)
    if hasattr(module, name):
        creator: Callable[..., Any] = getattr(module, name)
        return creator
    if registered is not None and name not in registered:
        raise unknown_name("env.id", name, registered)
    if not hasattr(module, "make"):
        raise unknown_name("env.id", name, [known for known in vars(module) if known[0] != "_"])
    return partial(module.make, name)


def _replace(params: Any, changed: Mapping[str, Any]) -> Any:
    """Return parameters with some values replaced."""
    known = list(getattr(params, "__dataclass_fields__", ()))
    for name in changed:
        if name not in known:
            raise unknown_name("an argument of env.params", name, known)
    return params.replace(**changed) if changed else params
