"""Export a policy: the command `memorl-export` as a script."""

from memorl.agents.commands.export import command

if __name__ == "__main__":
    command()
