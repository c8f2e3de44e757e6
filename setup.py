"""Packages: each folder below is one, and so is every folder of Python files inside it; the rest is in pyproject.toml.

The folders stay at the root; installed, they are memorl.agents, memorl.envs, ... (memorl is a namespace package).
"""

from setuptools import find_packages, setup

ROOTS = ("agents", "configs", "envs", "kernels", "memory")

folders = [[root, *(f"{root}.{package}" for package in find_packages(root))] for root in ROOTS]

setup(
    package_dir={f"memorl.{root}": root for root in ROOTS},
    packages=[f"memorl.{package}" for packages in folders for package in packages],
)
