"""The names of the commands: `python train.py` in a checkout, `memorl-train` where the library is installed."""

import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[2]
"""The folder of this library, which has the scripts beside it in a checkout only."""

CONFIGS = str(PACKAGE / "configs")
"""The folder of the configuration files, as `hydra.main` takes it."""


def name_command(name: str) -> str:
    """Return the name of a command as the user types it.

    Args:
        name: The command, such as "train".
    """
    is_installed_command = Path(sys.argv[0]).name.startswith("memorl-")
    is_checkout = (PACKAGE / f"{name}.py").is_file()
    return f"python {name}.py" if is_checkout and not is_installed_command else f"memorl-{name}"


def name_in_usage(name: str, usage: str | None) -> str:
    """Return the docstring of a command with the name of the command as the user types it."""
    return str(usage).replace(f"python {name}.py", name_command(name))
