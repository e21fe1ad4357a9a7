"""`python -m launcher.status`; the function of this name is `from launcher import status`."""

from launcher.job_commands import status_command

if __name__ == "__main__":
    status_command()
