"""`python -m launcher.fetch`; the function of this name is `from launcher import fetch`."""

from launcher.job_commands import fetch_command

if __name__ == "__main__":
    fetch_command()
