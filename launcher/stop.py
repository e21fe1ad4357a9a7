"""`python -m launcher.stop`; the function of this name is `from launcher import stop`."""

from launcher.job_commands import stop_command

if __name__ == "__main__":
    stop_command()
