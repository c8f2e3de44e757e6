"""A human player: `python -m memorl.envs.play`."""
