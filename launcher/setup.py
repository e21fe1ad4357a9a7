"""`python -m launcher.setup`; the function of this name is `from launcher import setup`."""

from launcher.setup_commands import setup_command

if __name__ == "__main__":
    setup_command()
