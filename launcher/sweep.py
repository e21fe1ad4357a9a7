"""`python -m launcher.sweep`; the function of this name is `from launcher import sweep`."""

from launcher.sweep_command import sweep_command

if __name__ == "__main__":
    sweep_command()
