"""The settings of a run, on TensorBoard's pages Text and HParams.

The HParams page compares runs by their settings and by the last value of every scalar. It is written into the event
file of the run itself (`SummaryWriter.add_hparams` would add a run of its own to every chart), and without a list of
the settings, so that TensorBoard joins those of all runs: two memories do not have the same ones. It shows the first
five settings and tags by name, capitals first, and cuts long texts. So the classes of the parts are `Memory`, `Env` and
so on, without their modules, and the figures that runs are compared by are in a group before the others, `averages/`.
"""

import json
from collections.abc import Mapping
from typing import Any

from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from .settings import PARTS

OF_THE_PLACE = ("run_dir", "resume", "resume_from", "trust")
"""Settings that do not change what is learned; runs are not compared by them."""

MAX_NUMBER = 2**53  # a larger one, which a float does not hold, is shown as text


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the settings of a configuration by names like "memory.hidden_size"; "memory" itself names the class."""
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Mapping) and "_target_" in value:
            flat[f"{prefix}{name}"] = value["_target_"]
            flat |= flatten({key: part for key, part in value.items() if key != "_target_"}, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def write_config(board: SummaryWriter, config: Mapping[str, Any], facts: Mapping[str, str], step: int) -> None:
    """Write the configuration of a run and the facts about it, at a step, as tables on the page Text."""
    board.add_text("run", _table("what", "value", facts), step)
    board.add_text("config", _table("setting", "value", flatten(config)), step)


def write_hparams(board: SummaryWriter, config: Mapping[str, Any], name: str) -> None:
    """Write the settings of a run, under its name, for the page HParams."""
    classes = {part.capitalize(): _name_class(config[part]) for part in PARTS}
    settings = {key: _to_hparam(value) for key, value in flatten(config).items() if key not in (*OF_THE_PLACE, *PARTS)}
    trial = f"{classes['Memory']} {classes['Env']} s{config['seed']} {name}"
    _write(board, hparams_pb(classes | settings, trial_id=trial))


def write_end(board: SummaryWriter) -> None:
    """Write for the page HParams that the run is complete."""
    _, _, end = hparams({}, {})
    _write(board, end)


def _write(board: SummaryWriter, summary: Any) -> None:
    writer = board.file_writer
    assert writer is not None
    writer.add_summary(summary)


def _name_class(part: Mapping[str, Any]) -> str:
    """Return the name of the class of a part, or the id of an environment of Gymnasium."""
    return str(part.get("id") or part["_target_"].rpartition(".")[2])


def _to_hparam(value: Any) -> bool | float | str:
    """Return a value as HParams accepts it: null, lists and numbers that JSON cannot write become texts."""
    if isinstance(value, str | bool) or (isinstance(value, int | float) and abs(value) < MAX_NUMBER):
        return value
    return json.dumps(value)


def _table(name: str, value: str, rows: Mapping[str, Any]) -> str:
    """Return a table in Markdown."""
    lines = [f"| {name} | {value} |", "| --- | --- |"]
    lines += [f"| `{key}` | {_cell(text)} |" for key, text in rows.items()]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    line = " ".join(text.replace("`", "'").replace("|", "\\|").split())
    return f"`{line}`" if line else ""
