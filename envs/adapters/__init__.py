"""Adapt other environments to this library, and ours to other libraries (`memorl.envs.adapters.sb3`)."""
