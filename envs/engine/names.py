"""The error for a name that is not known."""

import difflib
from collections.abc import Collection, Iterable


def unknown_name(what: str, name: str, known: Iterable[str], main: Collection[str] = ()) -> ValueError:
    """Return an error that lists the nearest known names; without near ones it lists `main`, or the first of all."""
    names = sorted(known)
    near = nearest_names(name, names)
    if main and not near:
        return ValueError(f"{what} is {name!r}; known are {', '.join(sorted(main))}, and Gymnasium's ids")
    if len(names) <= 5 or not near:
        listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        return ValueError(f"{what} is {name!r}; known are {listed or 'none'}")
    return ValueError(f"{what} is {name!r}; the nearest known are {', '.join(near)}")


def nearest_names(name: str, known: Iterable[str], cutoff: float = 0.5) -> list[str]:
    """Return at most five known names, the nearest first."""
    lowered = {other.lower(): other for other in known}
    return [lowered[match] for match in difflib.get_close_matches(name.lower(), lowered, 5, cutoff)]
