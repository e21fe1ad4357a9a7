"""`python -m launcher.check`; the function of this name is `from launcher import check`."""

from launcher.check_command import check_command

if __name__ == "__main__":
    check_command()
