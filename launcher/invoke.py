"""`python -m launcher.invoke`; the function of this name is `from launcher import invoke`."""

from launcher.endpoint_commands import invoke_command

if __name__ == "__main__":
    invoke_command()
