"""A new run that begins with the weights of another one, as a curriculum does.

The weights are all that is taken, with the moments that the model normalises by; the optimizer, the steps and the
environments begin anew.
"""

from .checkpoint import checkpoint_errors, find_checkpoint, load_checkpoint, load_model
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
    saved = load_checkpoint(path, run.stream.device, settings.trust)["model"]
    own = run.model.state_dict()
    shapes = {name: tuple(value.shape) for name, value in own.items()}
    found = {name: tuple(getattr(value, "shape", ())) for name, value in saved.items()}
    differing = sorted(name for name in {**shapes, **found} if shapes.get(name) != found.get(name))
    if not differing:
        with checkpoint_errors(path):
            load_model(run.model, saved)
        return
    described = ", ".join(f"{name} {found.get(name, 'none')} for {shapes.get(name, 'none')}" for name in differing)
    if not settings.init_from_partial:
        raise ValueError(
            f"init_from is {path}, whose weights do not all fit: {described}; init_from_partial=true takes the rest"
        )
    if len(differing) == len({**shapes, **found}):
        raise ValueError(f"init_from is {path}, of whose weights none fits: {described}")
    load_model(run.model, {**own, **{name: value for name, value in saved.items() if name not in differing}})
    print(f"not taken from {path}, since they do not fit: {described}")
