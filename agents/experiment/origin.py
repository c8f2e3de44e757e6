"""The origin of an error: the settings, or code that is not ours.

An error of the settings is raised by this library, or by a library that it calls, and its message says all. An error of
a user's environment, memory or wrapper can only be mended where it was raised, so its traceback is kept, and so is that
of an error that this library did not mean to raise.
"""

import linecache
import sys
import traceback
from collections.abc import Iterator
from types import FrameType

OWN = {"memorl", "__main__"}
LIBRARIES = {
    "ale_py", "antlr4", "filelock", "gymnasium", "hydra", "imageio", "minigrid", "numba", "numpy", "omegaconf",
    "popgym", "pydantic", "pydantic_core", "rich", "tensorboard", "torch", "typing_extensions",
}  # fmt: skip
"""Packages that this library calls with the user's settings."""

WORKERS = "gymnasium.vector.async_vector_env"
"""The module that raises what another process raised, whose frames are lost."""


def is_of_user_code(error: BaseException) -> bool:
    """Return whether an error, or one that it was raised from, went through code that is not known here."""
    return any(
        name == WORKERS or name.partition(".")[0] not in OWN | LIBRARIES | sys.stdlib_module_names
        for link in _causes(error)
        for name in _modules(link)
    )


def is_unforeseen(error: BaseException) -> bool:
    """Return whether an error is a ValueError that no `raise` of this library raised, such as that of `int("x")`."""
    frames = list(traceback.walk_tb(error.__traceback__))
    if type(error) is not ValueError or not frames:
        return False
    frame, line = frames[-1]
    source = linecache.getline(frame.f_code.co_filename, line, frame.f_globals)
    return _package(frame) in OWN and bool(source) and "raise" not in source.split()


def is_of_ended_worker(error: EOFError | ConnectionError) -> bool:
    """Return whether an error says that the process of an environment has ended, and not what was raised there."""
    modules = list(_modules(error))
    return WORKERS in modules and modules[-1] == "multiprocessing.connection"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _modules(error: BaseException) -> Iterator[str]:
    """Yield the module of every frame that an error went through."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        yield str(frame.f_globals.get("__name__"))


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]
