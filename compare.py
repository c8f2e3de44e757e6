"""Compare runs: the command `memorl-compare` as a script."""

from memorl.agents.commands.compare import command

if __name__ == "__main__":
    command()
