"""Diagnostic tasks: each pays for memory, for as long as it says, and for nothing else."""
