"""Registration with Gymnasium: a batched environment for `make_vec`, and one env of it for `make`."""

from typing import Any

import gymnasium

from .batched_env import BatchedEnv
from .single_env import SingleEnv


def register(name: str, batch: type[BatchedEnv], **arguments: Any) -> None:
    """Register `memorl/<name>`: `batch` with these arguments.

    The class of one env is an attribute of this module, where Gymnasium's entry point and pickle look for it by name.
    """
    single = f"Single{batch.__name__}"
    if single not in globals():
        doc = f"One {batch.__name__} as a plain Gymnasium environment; its arguments are those of `{batch.__name__}`."
        globals()[single] = type(single, (SingleEnv,), {"batch": batch, "__doc__": doc, "__module__": __name__})
    gymnasium.register(
        id=f"memorl/{name}",
        entry_point=f"{__name__}:{single}",
        vector_entry_point=f"{batch.__module__}:{batch.__name__}",
        kwargs=arguments,
    )
