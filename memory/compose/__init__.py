"""Memories made of other memories: layers, stacks, and a cell of one's own."""
