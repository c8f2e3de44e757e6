"""Packages: each folder below is one, and so is every folder of Python files inside it; the rest is in pyproject.toml.

The folders stay at the root; installed, they are memorl.agents, memorl.envs, ... (memorl is a namespace package).
"""

from setuptools import find_packages, setup

ROOTS = ("agents", "configs", "envs", "kernels", "memory")

setup(
    package_dir={f"memorl.{root}": root for root in ROOTS},
    packages=[f"memorl.{package}" for root in ROOTS for package in (root, *(f"{root}.{p}" for p in find_packages(root)))],
)
