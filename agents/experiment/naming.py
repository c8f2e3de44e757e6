"""The folder of a new run, whose path describes the settings of the run.

    runs/<env>[-<id>]/<memory>/<agent>[/<what differs>]/<time>-s<seed>
    runs/gymnasium-CartPole-v1/gru/ppo/agent.lr=0.001,num_envs=16/2026-01-01_12-00-00-s0

What differs are the settings that a user gave and that are others than those of the chosen files, without those that
change nothing that is learned.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_module
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from .represent import represent_all
from .schema import Constructor
from .settings import NOT_LEARNED_FROM, PARTS

IN_THE_PATH = ("env", "memory", "agent", "env.id", "seed")
"""Settings that have a place of their own in the path."""
GROUPS = (*PARTS, "experiment")
MAX_LENGTH = 100
"""Characters of a folder's name; file systems take 255 bytes."""


def name_folder(folder: Path, config: Mapping[str, Any], changed: Mapping[str, Any]) -> Path:
    """Return the folder of a run.

    Args:
        folder: What configs/train.yaml makes of the chosen files: runs/<env>/<memory>/<agent>/<time>-s<seed>.
        config: The configuration of the run, with every argument.
        changed: The keys and groups that the user gave, with their values.
    """
    root, *env, memory, agent, time = folder.parts
    id = str(config["env"].get("id", ""))
    chosen = "/".join(env)
    names = [chosen] if id in ("", chosen) or id.replace(":", ".") == chosen else [*env, id]
    parts = ["-".join(names), memory, agent, _describe(config, dict(_flatten("", changed))), time]
    return Path(root, *(_safe(part) for part in parts if part))


def _describe(config: Mapping[str, Any], changed: Mapping[str, Any]) -> str:
    """Return the settings that differ from their defaults, as `agent.lr=0.001,num_envs=16`."""
    choices = {name: changed[name] for name in GROUPS if changed.get(name) is not None}
    defaults = _defaults(choices)
    texts = []
    for key in sorted(changed):
        if key in IN_THE_PATH or key in NOT_LEARNED_FROM:
            continue
        value = choices[key] if key in choices else _find(config, key)
        default = None if key in choices else _find(defaults, key, _argument_default(config, key))
        if value != default:
            texts.append(f"{key}={_in_words(value)}")
    return ",".join(texts)


def _defaults(choices: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration of the chosen files; an empty one if a file is not in configs/."""
    is_running = GlobalHydra.instance().is_initialized()  # then it also knows the files of `--config-dir`
    try:
        with nullcontext() if is_running else initialize_config_module("memorl.configs", version_base=None):
            composed = compose("train", [f"{group}={choice}" for group, choice in choices.items()])
    except (HydraException, OmegaConfBaseException):  # a class, a dictionary, or a file of the user's
        return {}
    composed.run_dir = ""
    settings: Any = OmegaConf.to_container(composed, resolve=True)
    return settings if isinstance(settings, dict) else {}


def _argument_default(config: Mapping[str, Any], key: str) -> Any:
    """Return the default of a constructor argument; None if it has no default."""
    part, _, name = key.partition(".")
    if part not in PARTS or not name:
        return None
    return represent_all(Constructor.from_target(part, config[part], object).defaults).get(name)


def _flatten(place: str, changed: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the dotted key and the value of every setting, including the settings inside dictionaries."""
    for name, value in changed.items():
        key = f"{place}.{name}" if place else name
        if isinstance(value, Mapping):
            yield from _flatten(key, value)
        else:
            yield key.removesuffix("._target_"), value


def _find(config: Any, key: str, default: Any = None) -> Any:
    """Return the value of a dotted key."""
    for name in key.split("."):
        if not isinstance(config, Mapping) or name not in config:
            return default
        config = config[name]
    return config


def _in_words(value: Any) -> str:
    """Return a value of a configuration as a short text."""
    if isinstance(value, Mapping):
        return "+".join(f"{name}-{_in_words(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return "+".join(map(_in_words, value)) or "none"
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "null" if value is None else str(value)


def _safe(name: str) -> str:
    """Return a name of letters, digits and marks that every file system and shell takes, of a bounded length."""
    safe = re.sub(r"[^\w.,=+-]+", "-", name, flags=re.ASCII).strip("-") or "-"
    safe = f"_{safe}" if safe.startswith(".") else safe
    if len(safe) <= MAX_LENGTH:
        return safe
    digest = hashlib.blake2b(name.encode(), digest_size=4).hexdigest()
    return f"{safe[: MAX_LENGTH - len(digest) - 1]}-{digest}"
