"""The end of a script by an error: one line for what a user set, a traceback for what a user's code raised.

In a sweep the other jobs still run, and the script ends with the names of those that failed.
"""

import argparse
import os
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NoReturn

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from .console import print_error, replace_closed_streams
from .limits import is_out_of_memory
from .origin import is_of_ended_worker, is_of_user_code, is_unforeseen

BASIC_LAUNCHER = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
"""The launcher that runs every job of a sweep in this process."""

failed_jobs: list[str] = []
"""The jobs of a sweep that failed in this process."""


class JobError(Exception):
    """A job of a sweep failed, in a process of its own, and has said so."""


class ExitError(Exception):
    """Code that the script ran, such as an environment's, ended its process by `sys.exit`."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def exit_on_error(*kinds: type[Exception]) -> Iterator[None]:
    """End the script with one line on stderr where an error is of the settings, or memory ran out.

    An error of a user's code keeps its traceback. In a sweep the next job runs.
    """
    try:
        with _exit_errors():
            yield
    except JobError:
        raise
    except Exception as error:
        is_known = isinstance(error, (*kinds, OmegaConfBaseException)) or is_out_of_memory(error)
        is_line = isinstance(error, ExitError) or (is_known and not is_of_user_code(error) and not is_unforeseen(error))
        if _is_sweep():
            _end_job(error, is_line)
        elif is_line:
            _end(error)
        else:
            raise


def run_script(main: Callable[[], None]) -> None:
    """Run a function of `hydra.main`, whose own errors become one line, and name the jobs of a sweep that failed."""
    replace_closed_streams()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # else Hydra prints errors itself, in several lines
    try:
        with _argument_errors():
            main()
    except JobError as error:
        raise SystemExit(1) from error
    except Exception as error:
        inside = _frames_of(main, error.__traceback__)
        if inside is None:
            _end(error)
        raise error.with_traceback(inside) from error.__cause__
    if failed_jobs:
        count = f"{len(failed_jobs)} job{'s' if len(failed_jobs) > 1 else ''} failed"
        print_error(f"error: {count}: {'; '.join(failed_jobs)}")
        raise SystemExit(1)


@contextmanager
def _exit_errors() -> Iterator[None]:
    """Raise ExitError where the script would end as if all were well."""
    try:
        yield
    except SystemExit as error:
        frames = traceback.extract_tb(error.__traceback__)
        frame = [frame for frame in frames if "_sitebuiltins" not in frame.filename][-1]  # where Python has `exit`
        message = f"the environment called sys.exit({error.code!r}), in {frame.filename}, line {frame.lineno}"
        raise ExitError(message, error.code if isinstance(error.code, int) and error.code else 1) from error
    except (EOFError, ConnectionError) as error:
        if not is_of_ended_worker(error):
            raise
        raise ExitError("the process of an environment ended: it called sys.exit, or was killed") from error


def _is_sweep() -> bool:
    return HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN


def _end_job(error: Exception, is_line: bool) -> None:
    """Say what a job of a sweep failed of, and let the next one run."""
    config = HydraConfig.get()
    overrides: Any = OmegaConf.to_container(config.overrides.task, resolve=False)
    name = " ".join(override.lstrip("+") for override in overrides)
    if is_line:
        print_error(f"error: {_one_line(error)}")
    else:
        traceback.print_exception(error)
    failed_jobs.append(name)
    if config.launcher["_target_"] != BASIC_LAUNCHER:
        raise JobError(name) from error


def _end(error: Exception) -> NoReturn:
    print_error(f"error: {_one_line(error)}")
    raise SystemExit(error.code if isinstance(error, ExitError) else 1) from error


def _one_line(error: Exception) -> str:
    """Return the message of an error, and of the one that it was raised from where OmegaConf raised that, as one line.

    What Hydra adds about its search path, and OmegaConf about its types, is left out.
    """
    if listed := re.match(r"Ambiguous value for argument '\+*(.*?)=(.*)'", str(error)):
        name, value = listed.groups()
        ways = f"values of a sweep have commas between them, and -m beside; a list is {name}=[{value}]"
        return f"{name} is {value}; {ways}"
    if unread := re.match(r"LexerNoViableAltException: (\S*)", str(error)):
        return f"{unread[1]} cannot be read; it must be key=value, with brackets and quotes in pairs"
    texts = [str(error)]
    if isinstance(error.__cause__, OmegaConfBaseException):
        texts.append(str(error.__cause__))
    text = "\n".join(dict.fromkeys(texts)).partition("Config search path:")[0]
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if line and not line.startswith(("object_type=", "reference_type=", "See https:"))]
    return re.sub(r"[\t\r]", " ", " ".join(kept)) or type(error).__name__


@contextmanager
def _argument_errors() -> Iterator[None]:
    """Raise ValueError where Hydra's parser would print how the script is used, and leave."""
    before = argparse.ArgumentParser.error

    def raise_error(_: Any, message: str) -> NoReturn:
        raise ValueError(message)

    argparse.ArgumentParser.error = raise_error  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        argparse.ArgumentParser.error = before  # type: ignore[method-assign]


def _frames_of(main: Callable[[], None], trace: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback from the script's own function on; None where it was not reached."""
    code = main.__wrapped__.__code__  # type: ignore[attr-defined]
    while trace is not None and trace.tb_frame.f_code is not code:
        trace = trace.tb_next
    return trace
