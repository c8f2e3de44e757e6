"""A policy folder: what others need to load a policy, without the optimizer and the environments of its run.

    policy.json          the format, the configuration, the spaces, and the steps of training
    model.safetensors    the weights

JSON has no numbers that are not finite, such as the bounds of an unbounded space; they are written as texts.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from .containers import map_values
from .content import check_policy
from .files import replace_file
from .packages import require_packages

FORMAT = "memorl-policy/1"
"""Version of the content of policy.json."""

SETTINGS = "policy.json"
WEIGHTS = "model.safetensors"

MAX_BYTES = 1 << 26
"""The largest size of policy.json."""

OF_THE_MACHINE = {
    "run_dir": "runs",
    "resume": None,
    "resume_from": None,
    "init_from": None,
    "init_from_partial": False,
    "trust": False,
    "device": "auto",
    "threads": None,
}
"""Settings that say where and how a run was made, with what is written in their place."""

NOT_FINITE = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


def write_policy(content: Mapping[str, Any], folder: Path) -> None:
    """Write the policy of a checkpoint.

    Args:
        content: The content of the checkpoint.
        folder: The folder, which exists.

    Raises:
        ValueError: If safetensors is missing.
        OSError: If a file cannot be written.
    """
    require_packages("hub", "safetensors")
    from safetensors.torch import save

    settings = {
        "format": FORMAT,
        "steps": content["agent"]["steps"],
        "config": {**content["config"], **OF_THE_MACHINE},
        "spaces": content["spaces"],
    }
    text = json.dumps(map_values(_to_json, settings), indent=1, allow_nan=False) + "\n"
    weights = {name: value.detach().cpu().contiguous().clone() for name, value in content["model"].items()}
    for name, written in ((WEIGHTS, save(weights)), (SETTINGS, text.encode())):
        with replace_file(folder / name) as file:
            file.write(written)


def read_policy(file: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Return the configuration, spaces, weights and steps of a policy folder, as a checkpoint has them.

    Args:
        file: The policy.json of the folder.
        device: Device of the weights.

    Raises:
        ValueError: If it is damaged, or has another format.
    """
    require_packages("hub", "safetensors")
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if not file.is_file() or file.stat().st_size > MAX_BYTES:
            raise ValueError("it is no file of that size")
        settings = json.loads(file.read_text())
    except (ValueError, OSError, RecursionError) as error:
        raise ValueError(f"{file} is not a readable policy ({type(error).__name__}: {error})") from error
    found = settings.pop("format", None) if isinstance(settings, dict) else None
    if found != FORMAT:
        raise ValueError(f"{file} is not a policy of this version: its format is {found!r}; it must be {FORMAT!r}")
    weights = file.with_name(WEIGHTS)
    try:
        if not weights.is_file():
            raise ValueError("it is not a file")
        model = load_file(weights, device=str(device))
    except (ValueError, OSError, SafetensorError) as error:
        raise ValueError(f"{weights} has no readable weights ({type(error).__name__}: {error})") from error
    content = {**map_values(_from_json, settings), "model": model}
    try:
        check_policy(content)
    except ValueError as error:
        raise ValueError(f"{file} does not fit: {error}") from error
    return {**content, "agent": {"steps": content["steps"]}}


def _to_json(value: Any) -> Any:
    """Return a text in the place of a number that is not finite."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _from_json(value: Any) -> Any:
    """Return a number in the place of a text of `_to_json`."""
    return NOT_FINITE.get(value, value) if isinstance(value, str) else value
