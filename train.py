"""Train an agent: the command `memorl-train` as a script."""

from memorl.agents.commands.train import command

if __name__ == "__main__":
    command()
