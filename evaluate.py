"""Evaluate a checkpoint: the command `memorl-evaluate` as a script."""

from memorl.agents.commands.evaluate import command

if __name__ == "__main__":
    command()
