"""Searing Spotlights, in all its variants."""
