"""Mortar Mayhem, in all its variants."""

from .mortar_mayhem import MortarMayhem

__all__ = ["MortarMayhem"]
