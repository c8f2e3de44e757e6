"""The error for a name that is not known."""

import difflib
from collections.abc import Iterable


def unknown_name(what: str, name: str, known: Iterable[str]) -> ValueError:
    """Return an error that lists the nearest known names, or all of a few."""
    names = sorted(known)
    lowered = {known.lower(): known for known in names}
    near = [lowered[match] for match in difflib.get_close_matches(name.lower(), lowered, 5, 0.5)]
    if len(names) <= 5 or not near:
        listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        return ValueError(f"{what} is {name!r}; known are {listed or 'none'}")
    return ValueError(f"{what} is {name!r}; the nearest known are {', '.join(near)}")
