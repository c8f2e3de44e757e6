"""Print a row of CONTRIBUTING.md's table of tested versions, for the environment that runs this."""

import platform
import sys
from importlib.metadata import version

PACKAGES = ("torch", "triton", "numpy", "numba", "gymnasium", "minigrid", "hydra-core", "pydantic", "tensorboard")

print(f"| {' | '.join([sys.argv[1], platform.python_version(), *map(version, PACKAGES)])} |")
