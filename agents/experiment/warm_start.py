"""A new run that begins with the weights of another one, as a curriculum does.

The weights are all that is taken, with the moments that the model normalises by; the optimizer, the steps and the
environments begin anew.

Weights have places and no names of what they are for: the first part of an encoder reads the first entry of the
observations. So those of other entries, or of another action, are not taken even where their shapes fit.
"""

from collections.abc import Mapping
from typing import Any

from .checkpoint import checkpoint_errors, find_checkpoint, load_checkpoint, load_model
from .console import make_console, print_line
from .run import Run


def load_weights(run: Run) -> None:
    """Load the weights of the run or checkpoint that `init_from` names, if it does.

    Raises:
        ValueError: If there is no such checkpoint, or weights have other shapes and `init_from_partial` is not set.
    """
    settings = run.settings
    if settings.init_from is None:
        if settings.init_from_partial:
            raise ValueError("init_from_partial is true; it needs init_from, a run folder or a checkpoint")
        return
    path = find_checkpoint(settings.init_from)
    content = load_checkpoint(path, run.stream.device, settings.trust)
    saved = content["model"]
    own = run.model.state_dict()
    shapes = {name: tuple(value.shape) for name, value in own.items()}
    found = {name: tuple(getattr(value, "shape", ())) for name, value in saved.items()}
    differing = {name for name in {**shapes, **found} if shapes.get(name) != found.get(name)}
    problems = [f"{name} {found.get(name, 'none')} for {shapes.get(name, 'none')}" for name in sorted(differing)]
    for place, reason in _places_of_other_things(content, run).items():
        differing |= {name for name in shapes if name.startswith(place)}
        problems.append(f"{place}* {reason}")
    if not differing:
        with checkpoint_errors(path):
            load_model(run.model, saved)
        return
    described = ", ".join(problems)
    if not settings.init_from_partial:
        raise ValueError(
            f"init_from is {path}, whose weights do not all fit: {described}; init_from_partial=true takes the rest"
        )
    if len(differing) == len({**shapes, **found}):
        raise ValueError(f"init_from is {path}, of whose weights none fits: {described}")
    load_model(run.model, {**own, **{name: value for name, value in saved.items() if name not in differing}})
    print_line(make_console(), f"not taken from {path}, since they do not fit: {described}")


def _places_of_other_things(content: Mapping[str, Any], run: Run) -> dict[str, str]:
    """Return the prefixes of the names of weights that serve other observations or actions, each with the reason."""
    places: dict[str, str] = {}
    spaces = run.stream.interface.plain_spaces
    entries = [_entries(content["config"], content["spaces"]), _entries(run.config, spaces)]
    if entries[0] != entries[1]:
        what = f"of {', '.join(entries[0])} for {', '.join(entries[1])}"
        places |= {"encoder.": what, "normaliser.": what}
    if _without_bounds(content["spaces"]["action"]) != _without_bounds(spaces["action"]):
        places["policy."] = "of other actions"
    return places


def _entries(config: Mapping[str, Any], spaces: Mapping[str, Any]) -> list[str]:
    """Return the names of the entries that an encoder reads, in their order."""
    inputs = [name for name in ("last_action", "last_reward") if config.get(name)]
    return [*spaces["observation"].get("parts", {}), *inputs]


def _without_bounds(space: Any) -> Any:
    """Return a plain space without the bounds of its boxes."""
    if isinstance(space, Mapping):
        return {name: _without_bounds(part) for name, part in space.items() if name not in ("low", "high", "dtype")}
    return [_without_bounds(part) for part in space] if isinstance(space, list) else space
