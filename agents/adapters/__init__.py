"""Memories in other people's code. Each file needs the library that it adapts to, and is imported by its own name."""
