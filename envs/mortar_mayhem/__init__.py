"""Mortar Mayhem, in all its variants."""
