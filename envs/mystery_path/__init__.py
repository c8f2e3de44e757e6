"""Mystery Path, in all its variants."""

from .mystery_path import MysteryPath

__all__ = ["MysteryPath"]
