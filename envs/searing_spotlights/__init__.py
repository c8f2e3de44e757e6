"""Searing Spotlights, in all its variants."""

from .searing_spotlights import SearingSpotlights

__all__ = ["SearingSpotlights"]
