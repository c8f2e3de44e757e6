"""Attention over a window."""
