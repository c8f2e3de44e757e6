"""Diagnostic tasks: each rewards memory over a known number of steps, and nothing else."""
