"""The example of a package of a user's own, which is not installed."""

import importlib
import sys
from pathlib import Path
from typing import Any

OWN_PACKAGE = Path(__file__).parents[2] / "examples" / "own_package"


def import_own_package() -> Any:
    """Return the module `my_lab`."""
    sys.path.insert(0, str(OWN_PACKAGE))
    try:
        return importlib.import_module("my_lab")
    finally:
        sys.path.remove(str(OWN_PACKAGE))
