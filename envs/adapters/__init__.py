"""Environments of others with the rows of ours, and ours where others expect theirs (`memorl.envs.adapters.sb3`)."""
