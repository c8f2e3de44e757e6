"""Damaged input, given to the scripts and to environments in processes that may crash or hang without harm.

A case ends well if it works, or is refused in one line. What is wrong with it is a text; nothing is an empty one.
"""

import multiprocessing
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from memorl.envs import make
from tests.support.scripts import IMPORTED, call

SECONDS = 120  # after which a case counts as one that never ends

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(IMPORTED)


def judge_command(script: str, *arguments: str) -> str:
    """Return what is wrong with the end of a script."""
    try:
        done = call(script, *arguments, timeout=SECONDS)
    except TimeoutError as error:
        return str(error)
    lines = done.stderr.splitlines()
    is_sweep = bool({"-m", "--multirun"} & {*arguments})  # it has a line for each job that failed, and one for all
    is_line = done.returncode == 1 and 1 <= len(lines) <= (1 if not is_sweep else 9)
    is_line = is_line and all(line.startswith("error: ") for line in lines)
    if is_line or (done.returncode == 0 and "Traceback" not in done.stderr):
        return ""
    return f"{script} {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}"


def judge_all(jobs: Sequence[Callable[[], str]], workers: int = 2) -> list[str]:
    """Run all jobs, some at a time, and return what is wrong with those that did not end well."""
    with ThreadPoolExecutor(workers) as pool:
        return [wrong for wrong in pool.map(lambda job: job(), jobs) if wrong]


def run_apart(function: Callable[..., str], *arguments: Any) -> str:
    """Return what a function returns in a process of its own, or that it crashed or did not end."""
    receiver, sender = _context.Pipe(duplex=False)
    process = _context.Process(target=_send, args=(sender, function, arguments))
    process.start()
    sender.close()
    try:
        if not receiver.poll(SECONDS * 5):
            return f"{function.__name__}{arguments} does not end"
        return str(receiver.recv())
    except EOFError:
        process.join()
        return f"{function.__name__}{arguments} crashed with {process.exitcode}"
    finally:
        process.kill()


def _send(sender: Any, function: Callable[..., str], arguments: Iterable[Any]) -> None:
    sender.send(function(*arguments))


def attack_env(name: str, arguments: Mapping[str, Any], seed: int, count: int) -> str:
    """Corrupt the saved state of an environment many times; each is refused by ValueError, or plays on as usual."""
    rng = random.Random(seed)
    env: Any = make(name, num_envs=4, **arguments)
    env.reset(seed=seed)
    wrong = []
    for number in range(count):
        for _ in range(rng.randint(1, 12)):
            env.step(env.action_space.sample())
        state = corrupt(env.state_dict(), rng)
        try:
            env.load_state_dict(state)
        except ValueError as error:
            if "\n" in str(error):
                wrong.append(f"{name} {seed} {number}: {error} has several lines")
        except Exception as error:
            wrong.append(f"{name} {seed} {number}: {error!r}")
        for _ in range(8):
            _, reward, *_ = env.step(env.action_space.sample())
            if not np.isfinite(reward).all():
                wrong.append(f"{name} {seed} {number}: a reward is not finite")
    return "; ".join(wrong[:3])


def corrupt(state: dict[str, np.ndarray], rng: random.Random) -> dict[str, np.ndarray]:
    """Return the arrays with one of them damaged: a bit, a value, its shape, its type, its name."""
    name = rng.choice(sorted(state))
    array = state[name].copy()
    kind = rng.choice(("bit", "bit", "value", "value", "value", "shape", "type", "missing", "other"))
    if kind == "bit" and array.nbytes:
        raw = np.frombuffer(bytearray(array.tobytes()), np.uint8).copy()
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        array = raw.view(array.dtype).reshape(array.shape)
    elif kind == "value" and array.size:
        extremes = [0, 1, -1, 2**31, -(2**31), 2**62, 1e300, float("nan"), float("inf")]
        with np.errstate(invalid="ignore", over="ignore"):
            array.flat[rng.randrange(array.size)] = np.array(rng.choice(extremes)).astype(array.dtype)
    elif kind == "shape":
        array = rng.choice((array[:1], array[None], np.concatenate([array, array])))
    elif kind == "type":
        array = array.astype(rng.choice((np.float32, np.int8, np.complex128, np.bool_)))
    elif kind == "other":
        return {**state, "state.other": array}
    damaged = {**state, name: array}
    if kind == "missing":
        del damaged[name]
    return damaged


def flip_bits(file: Path, places: Sequence[int], folder: Path, seed: int) -> list[Path]:
    """Write copies of a checkpoint, each as the only one of a run folder and with one bit that differs."""
    whole = file.read_bytes()
    rng = random.Random(seed)
    copies = []
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.randrange(8)
        copies.append(_write_run(folder / f"bit-{place}", bytes(damaged)))
    return copies


def cut_off(file: Path, lengths: Sequence[int], folder: Path) -> list[Path]:
    """Write the beginnings of a checkpoint, each as the only one of a run folder."""
    whole = file.read_bytes()
    return [_write_run(folder / f"cut-{length}", whole[:length]) for length in lengths]


def _write_run(run: Path, content: bytes) -> Path:
    (run / "checkpoints").mkdir(parents=True, exist_ok=True)
    (run / "checkpoints" / f"step-{1:012}.pt").write_bytes(content)
    return run


def judge_checkpoints(runs: Sequence[Path]) -> str:
    """Load every checkpoint as a resume does; each is refused in one line, or is as it was saved."""
    from memorl.agents.experiment import Run, load_checkpoint

    wrong = []
    for run in runs:
        (path,) = (run / "checkpoints").iterdir()
        try:
            saved = load_checkpoint(path)
            Run(saved["config"]).load_state_dict(saved)
        except ValueError as error:
            if "\n" in str(error) or str(run) not in str(error):
                wrong.append(f"{run.name}: {error}")
        except BaseException as error:
            wrong.append(f"{run.name}: {error!r}")
    return "; ".join(wrong[:3])


NASTY = (
    "0", "-1", "-0.0", "1", "2", "3", "1.5", "1e3", "1e20", "100000000000000000000", "2147483648",
    "-9223372036854775809", "1e400", "nan", "inf", "-inf", "null", "true", "false", "''", "foo", "a:b", "os.system",
    "memorl.agents.torch.hub.load", "[]", "[1]", "[1,2]", "[a,b]", "[[1]]", "{}", "{a:1}", "{_target_:os.system}",
    "${foo}", "${seed}", "${oc.env:HOME}",
    "[1,", "{a", "'", '"', "\\", "a b", "a=b", "a,b", "../x", "/", "/dev/zero", "é", "💥", "1_000", "0x10", "1e-320",
)  # fmt: skip
"""Values that some key does not expect."""

OPTIONS = (
    "--foo", "--help", "--cfg=job", "--cfg", "--cfg=foo", "--resolve", "--package=foo", "--info=foo", "--info=config",
    "--config-name=foo", "--config-dir=/nowhere", "--config-path=/nowhere", "-x", "--", "--hydra-help", "--version",
    "hydra/launcher=foo", "hydra.run.dir=/proc/x", "hydra.foo=1", "+env=copy", "env@foo=copy", "~env", "~foo", "foo",
    "=", "=1", "+=1", "++", "seed", "seed=", "hydra=1", "--multirun", "-m",
)  # fmt: skip
"""Arguments that are no settings, or wrong ones."""


def command_lines(settings: Sequence[str], fixed: Sequence[str], count: int, seed: int) -> list[list[str]]:
    """Return command lines in which a setting or two, or an option, are what nobody means.

    Args:
        settings: Keys that are set.
        fixed: The arguments that stay, unless one of their keys is set.
        count: Number of command lines.
        seed: Of the choice.
    """
    rng = random.Random(seed)
    lines = []
    for _ in range(count):
        changed = {rng.choice(settings): rng.choice(NASTY) for _ in range(rng.choice((1, 1, 2)))}
        line = [a for a in fixed if a.partition("=")[0] not in changed] + [f"{k}={v}" for k, v in changed.items()]
        lines.append(line + [rng.choice(OPTIONS)] * (rng.random() < 0.15))
    return lines


def chunks(items: Iterable[Any], size: int) -> list[list[Any]]:
    """Return the items in lists of a size."""
    iterator = iter(items)
    return list(iter(lambda: list(islice(iterator, size)), []))
