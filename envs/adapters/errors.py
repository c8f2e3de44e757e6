"""Describe errors that the constructors of other packages raise."""

import gymnasium

SAYING_ALL = (gymnasium.error.Error, ImportError, OSError, TypeError, ValueError)
"""Errors whose text says what is wrong; that of others, such as a KeyError, is often only a name."""


def describe_error(error: BaseException) -> str:
    """Return the text of an error in one line, with its kind where the text alone does not say what is wrong."""
    text = " ".join(str(error).split())
    kind = type(error).__name__
    if not text:
        return kind
    return text if isinstance(error, SAYING_ALL) else f"{kind}: {text}"
