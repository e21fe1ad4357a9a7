"""`python -m launcher.data`; the function of this name is `from launcher import data`."""

from launcher.data_commands import data_command

if __name__ == "__main__":
    data_command()
