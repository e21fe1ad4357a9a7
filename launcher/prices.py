"""`python -m launcher.prices`; the function of this name is `from launcher import prices`."""

from launcher.setup_commands import prices_command

if __name__ == "__main__":
    prices_command()
