"""Memories made of other memories: layers, stacks, and a user's own cell."""
