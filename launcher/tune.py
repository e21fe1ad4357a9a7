"""`python -m launcher.tune`; the function of this name is `from launcher import tune`."""

from launcher.tune_command import tune_command

if __name__ == "__main__":
    tune_command()
