"""`python -m launcher.delete`; the function of this name is `from launcher import delete`."""

from launcher.job_commands import delete_command

if __name__ == "__main__":
    delete_command()
