"""Packages that only some functions need, and the extra of this library that installs them."""

import importlib


def require_packages(extra: str, *packages: str) -> None:
    """Raise ValueError if a package cannot be imported; the message says how it is installed."""
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise ValueError(f"{package} is missing ({error}); pip install 'memorl[{extra}]' installs it") from None
