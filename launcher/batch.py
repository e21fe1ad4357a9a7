"""`python -m launcher.batch`; the function of this name is `from launcher import batch`."""

from launcher.batch_command import batch_command

if __name__ == "__main__":
    batch_command()
