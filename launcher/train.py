"""`python -m launcher.train`; the function of this name is `from launcher import train`."""

from launcher.job_commands import train_command

if __name__ == "__main__":
    train_command()
